#include "cli/url.h"

#include <string.h>

#include "core/text.h"

void uc_url_free(struct uc_url *u)
{
	uc_buf_free(&u->text);
	*u = (struct uc_url){.query = false};
}

static void start(struct uc_url *u)
{
	if (u->text.len == 0) uc_buf_add_str(&u->text, UC_API);
}

static void encode(struct uc_buf *out, const char *text)
{
	/* "." and ".." as segments would be resolved on the way, even "%2E%2E" by some; what else holds a dot is left readable. */
	bool dots = text[strspn(text, ".")] == '\0';
	for (const char *p = text; *p != '\0'; p++) {
		char l = uc_ascii_lower(*p);
		bool plain = (l >= 'a' && l <= 'z') || (l >= '0' && l <= '9') || strchr("-_~", l) != NULL || (l == '.' && !dots);
		if (plain)
			uc_buf_add_u8(out, (uint8_t)*p);
		else
			uc_buf_printf(out, "%%%02X", (unsigned)(uint8_t)*p);
	}
}

void uc_url_add(struct uc_url *u, const char *segment)
{
	start(u);
	uc_buf_add_u8(&u->text, '/');
	encode(&u->text, segment);
}

void uc_url_param(struct uc_url *u, const char *name, const char *value)
{
	if (value == NULL) return;
	start(u);
	uc_buf_add_u8(&u->text, u->query ? '&' : '?');
	u->query = true;
	uc_buf_add_str(&u->text, name);
	uc_buf_add_u8(&u->text, '=');
	encode(&u->text, value);
}

const char *uc_url_text(struct uc_url *u)
{
	start(u);
	uc_buf_add_u8(&u->text, '\0');
	u->text.len--;
	return (const char *)u->text.ptr;
}
