#include "pki/asn1time.h"

#include <string.h>

#include "core/mem.h"

static int two(struct uc_slice s, size_t at)
{
	return (s.ptr[at] - '0') * 10 + (s.ptr[at + 1] - '0');
}

static size_t leading_digits(struct uc_slice s)
{
	size_t n = 0;
	while (n < s.len && s.ptr[n] >= '0' && s.ptr[n] <= '9') n++;
	return n;
}

/* Why the characters after the digits, or their number, are not the one form allowed; NULL when they are. */
static const char *form_fault(struct uc_slice s, size_t year_digits)
{
	size_t n = leading_digits(s);
	size_t with_seconds = year_digits + 10;
	if (s.len == 0) return "is empty";
	if (n < year_digits + 8) return "is not a time";
	if (n == year_digits + 8) return "has no seconds";
	if (n < s.len && (s.ptr[n] == '.' || s.ptr[n] == ',')) return "has a fraction of a second";
	if (n < s.len && (s.ptr[n] == '+' || s.ptr[n] == '-')) return "has an offset from GMT instead of Z";
	if (n != with_seconds) return "has the wrong number of digits";
	if (n == s.len) return "does not end in Z";
	if (s.ptr[n] != 'Z') return "does not end in Z";
	if (n + 1 != s.len) return "has characters after the Z";
	return NULL;
}

struct uc_asn1_time uc_asn1_time_read(const struct uc_der *element)
{
	struct uc_asn1_time t = {.tag = element->tag, .raw = element->content};
	bool utc = t.tag == UC_DER_UTC_TIME;
	if (!utc && t.tag != UC_DER_GENERALIZED_TIME) {
		t.fault = "is neither UTCTime nor GeneralizedTime";
		return t;
	}
	size_t year_digits = utc ? 2 : 4;
	t.fault = form_fault(t.raw, year_digits);
	if (t.fault != NULL) return t;
	struct uc_civil c = {
	    .year = utc ? two(t.raw, 0) : two(t.raw, 0) * 100 + two(t.raw, 2),
	    .month = two(t.raw, year_digits),
	    .day = two(t.raw, year_digits + 2),
	    .hour = two(t.raw, year_digits + 4),
	    .minute = two(t.raw, year_digits + 6),
	    .second = two(t.raw, year_digits + 8),
	};
	if (utc) c.year += c.year >= 50 ? 1900 : 2000;
	if (!uc_civil_valid(&c)) {
		t.fault = "is a date or time that does not exist";
		return t;
	}
	t.ok = true;
	t.value = uc_civil_to_time(&c);
	t.wrong_type = !utc && c.year < 2050;
	return t;
}

char *uc_asn1_time_quote(const struct uc_asn1_time *t)
{
	enum { MAX_QUOTE = 60 };
	const char *type = t->tag == UC_DER_UTC_TIME ? "UTCTime" : t->tag == UC_DER_GENERALIZED_TIME ? "GeneralizedTime" : "element";
	size_t n = t->raw.len < MAX_QUOTE ? t->raw.len : MAX_QUOTE;
	struct uc_buf out = UC_BUF_EMPTY;
	uc_buf_printf(&out, "%s '", type);
	for (size_t i = 0; i < n; i++) uc_buf_add_u8(&out, t->raw.ptr[i] < 0x20 || t->raw.ptr[i] > 0x7e ? '?' : t->raw.ptr[i]);
	uc_buf_add_u8(&out, '\'');
	return uc_buf_take_str(&out);
}
