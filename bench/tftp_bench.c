/*
 * Phones that boot: each fetches the CTL, the ITL and a signed configuration of its own over TFTP, many at once.
 *
 *   tftp_bench [--rounds=N] [--phones=N]
 *
 * BENCH_TFTP_PACKAGES names the folder in which bench/tftp-peers has unpacked servers. The same load (tftp_load.c) goes in turns to ucpkid,
 * which signs what it has and keeps a record of who fetched what, and to the servers of Debian (tftp_peers.c), for which the same bytes
 * were laid down as files. Blocks have 512 bytes, as phones ask for no other size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/mem.h"
#include "tftp_load.h"
#include "tftp_peers.h"

/* Of what lies in the node's directory: its own list has 7.9 kB, and a signature adds 0.4 kB. */
enum { CTL = 7800, CONFIGURATION = 7600 };

/* What the phones fetch. */
struct files {
	struct uc_buf ctl, itl;
	struct uc_buf *configurations; /* one for each phone */
	struct uc_load_file rows[3];
};

static const struct uc_unit per_second = {"/s", 1, 0};

static const struct {
	const char *what;
	const struct uc_unit *unit;
} figures[] = {
    {"files a second", &per_second},
    {"processor time for one file", &uc_unit_us},
    {"median time of a file", &uc_unit_ms},
    {"99th percentile", &uc_unit_ms},
};
#define FIGURES (sizeof figures / sizeof figures[0])

/* What the rounds have given for one server; each sample is of a round. */
struct measured {
	struct uc_samples samples[FIGURES];
	unsigned long resent;
};

static void write_file(const char *work, const char *dir, const char *name, const struct uc_buf *content)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s/%s", work, dir, name);
	FILE *f = fopen(path, "we");
	if (f == NULL || fwrite(content->ptr, 1, content->len, f) != content->len || fclose(f) != 0) uc_bench_die("cannot write %s", path);
}

static char *make_folder(void)
{
	const char *tmp = getenv("TMPDIR");
	char *work = uc_sprintf("%s/tftp-bench-XXXXXX", tmp != NULL ? tmp : "/tmp");
	UC_CLEANUP(uc_freep) char *source = NULL;
	UC_CLEANUP(uc_freep) char *files = NULL;
	if (mkdtemp(work) == NULL || chmod(work, 0755) != 0) uc_bench_die("no folder can be made");
	source = uc_sprintf("%s/source", work);
	files = uc_sprintf("%s/files", work);
	if (mkdir(source, 0755) != 0 || mkdir(files, 0755) != 0) uc_bench_die("no folder can be made");
	return work;
}

/* What an administrator or a PBX puts into the directory of the node. */
static void write_source(const char *work, unsigned phones)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf ctl = UC_BUF_EMPTY;
	memset(uc_buf_extend(&ctl, CTL), 'c', CTL);
	write_file(work, "source", "CTLFile.tlv", &ctl);
	for (unsigned i = 0; i < phones; i++) {
		UC_CLEANUP(uc_freep) char *name = uc_sprintf("SEP%012u.cnf.xml", i);
		UC_CLEANUP(uc_buf_free) struct uc_buf xml = UC_BUF_EMPTY;
		uc_buf_printf(&xml, "<?xml version=\"1.0\"?>\n<device><number>%u</number><!--", i);
		while (xml.len < CONFIGURATION) uc_buf_printf(&xml, " %zu", xml.len);
		uc_buf_add_str(&xml, " --></device>\n");
		write_file(work, "source", name, &xml);
	}
}

/* Fetches everything from the node once, which signs, and lays it before the others as files. */
static void learn_files(const struct uc_tftp_peer *ours, const char *work, unsigned phones, struct files *f)
{
	struct uc_load_result result;
	f->configurations = uc_zalloc(phones, sizeof *f->configurations);
	f->rows[0] = (struct uc_load_file){.name = "CTLFile.tlv", .contents = &f->ctl};
	f->rows[1] = (struct uc_load_file){.name = "ITLFile.tlv", .contents = &f->itl};
	f->rows[2] = (struct uc_load_file){.name = "SEP*.cnf.xml.sgn", .contents = f->configurations, .each = true};
	uc_load_play(&(struct uc_load){.address = ours->address,
	                               .port = ours->port,
	                               .phones = phones,
	                               .at_once = 1,
	                               .options = "",
	                               .files = f->rows,
	                               .count = 3,
	                               .learn = true},
	             &result);
	uc_samples_free(&result.latency);
	write_file(work, "files", "CTLFile.tlv", &f->ctl);
	write_file(work, "files", "ITLFile.tlv", &f->itl);
	for (unsigned i = 0; i < phones; i++) {
		UC_CLEANUP(uc_freep) char *name = uc_sprintf("SEP%012u.cnf.xml.sgn", i);
		write_file(work, "files", name, &f->configurations[i]);
	}
	printf("\nFiles: CTL %zu, ITL %zu, signed configuration %zu bytes\n", f->ctl.len, f->itl.len, f->configurations[0].len);
}

static void free_files(struct files *f, unsigned phones)
{
	uc_buf_free(&f->ctl);
	uc_buf_free(&f->itl);
	for (unsigned i = 0; i < phones; i++) uc_buf_free(&f->configurations[i]);
	free(f->configurations);
}

static void measure(const struct uc_tftp_peer *peer, struct uc_load *load, struct measured *m)
{
	struct uc_load_result result;
	load->address = peer->address;
	load->port = peer->port;
	double cpu = uc_tftp_peer_cpu(peer);
	uc_load_play(load, &result);
	/* A server with a process for each transfer has to see their ends. */
	usleep(50000);
	const double values[FIGURES] = {
	    (double)result.files / result.seconds,
	    (uc_tftp_peer_cpu(peer) - cpu) / (double)result.files,
	    uc_samples_median(&result.latency),
	    uc_samples_quantile(&result.latency, 0.99),
	};
	for (size_t i = 0; m != NULL && i < FIGURES; i++) uc_samples_add(&m->samples[i], values[i]);
	if (m != NULL) m->resent += result.resent;
	uc_samples_free(&result.latency);
}

static void print_figures(const struct uc_tftp_peer *peers, const struct measured *all)
{
	for (size_t f = 0; f < FIGURES; f++) {
		for (size_t i = 0; i < UC_TFTP_PEERS; i++) {
			if (peers[i].pid == 0) continue;
			UC_CLEANUP(uc_freep) char *label = uc_sprintf("%s: %s", peers[i].name, figures[f].what);
			uc_bench_row(label, &all[i].samples[f], figures[f].unit, i != UC_TFTP_DNSMASQ ? &all[UC_TFTP_DNSMASQ].samples[f] : NULL);
		}
	}
}

static void compare(const struct uc_tftp_peer *peers, struct uc_load *load, long rounds)
{
	struct measured all[UC_TFTP_PEERS] = {{.resent = 0}};
	/* The first round is to warm up. */
	for (long round = 0; round <= rounds; round++)
		for (size_t i = 0; i < UC_TFTP_PEERS; i++)
			if (peers[i].pid != 0) measure(&peers[i], load, round > 0 ? &all[i] : NULL);
	uc_bench_title("%u phones, %u at once, %u files each over TFTP; ratios to dnsmasq", load->phones, load->at_once, load->count);
	print_figures(peers, all);
	for (size_t i = 0; i < UC_TFTP_PEERS; i++) {
		if (all[i].resent > 0) printf("  %s: phones had to send %lu packets again\n", peers[i].name, all[i].resent);
		for (size_t f = 0; f < FIGURES; f++) uc_samples_free(&all[i].samples[f]);
	}
}

int main(int argc, char **argv)
{
	/* More than 277 requests at once do not fit the queue of a socket whose program does not ask for more: then some are lost. */
	static const unsigned at_once[] = {100, 200, 400};
	long rounds = uc_bench_option(argc, argv, "rounds", 7);
	unsigned phones = (unsigned)uc_bench_option(argc, argv, "phones", 1000);
	struct uc_tftp_peer peers[UC_TFTP_PEERS] = {{.pid = 0}};
	struct files files = {.configurations = NULL};
	UC_CLEANUP(uc_freep) char *work = make_folder();
	write_source(work, phones);
	uc_tftp_peers_start_ours(&peers[UC_TFTP_OURS], work);
	learn_files(&peers[UC_TFTP_OURS], work, phones, &files);
	uc_tftp_peers_start_others(peers, work, getenv("BENCH_TFTP_PACKAGES"));
	for (size_t i = 0; i < sizeof at_once / sizeof at_once[0]; i++) {
		struct uc_load load = {.phones = phones, .at_once = at_once[i], .options = "", .files = files.rows, .count = 3};
		compare(peers, &load, rounds);
	}
	uc_tftp_peers_stop(peers);
	free_files(&files, phones);
	uc_bench_remove_tree(work);
	return 0;
}
