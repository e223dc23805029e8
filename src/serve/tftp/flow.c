#include "serve/tftp/flow.h"

struct uc_tftp_flow uc_tftp_flow_of(bool oack, uint64_t last, uint32_t window)
{
	uint64_t first = oack ? 0 : 1;
	return (struct uc_tftp_flow){.first = first, .next = first, .last = last, .window = window};
}

uint64_t uc_tftp_flow_last(uint64_t size, uint32_t blksize)
{
	return size / blksize + 1;
}

uint64_t uc_tftp_flow_end(const struct uc_tftp_flow *flow)
{
	if (flow->first == 0) return 0;
	uint64_t end = flow->first + flow->window - 1;
	return end < flow->last ? end : flow->last;
}

enum uc_tftp_acked uc_tftp_flow_ack(struct uc_tftp_flow *flow, uint16_t block)
{
	uint16_t beyond = (uint16_t)(block - (uint16_t)flow->first);
	if (beyond >= flow->next - flow->first) return UC_TFTP_ACK_STALE;
	flow->first += (uint64_t)beyond + 1;
	flow->next = flow->first;
	return flow->first > flow->last ? UC_TFTP_ACK_DONE : UC_TFTP_ACK_NEXT;
}
