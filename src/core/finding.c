#include "core/finding.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"

void uc_findings_free(struct uc_findings *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->items[i].code);
		free(f->items[i].message);
		free(f->items[i].hint);
	}
	free(f->items);
	*f = (struct uc_findings){.items = NULL};
}

static void push(struct uc_findings *f, struct uc_finding item)
{
	f->items = uc_realloc(f->items, f->count + 1, sizeof *f->items);
	f->items[f->count++] = item;
}

void uc_findings_add(struct uc_findings *f, enum uc_weight weight, const char *code, const char *hint, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *message = uc_vsprintf(fmt, ap);
	va_end(ap);
	uc_text_printable(message);
	push(f,
	     (struct uc_finding){.weight = weight, .code = uc_strdup(code), .message = message, .hint = hint != NULL ? uc_strdup(hint) : NULL});
}

void uc_findings_move(struct uc_findings *f, struct uc_findings *from, const char *prefix)
{
	for (size_t i = 0; i < from->count; i++) {
		struct uc_finding item = from->items[i];
		if (prefix != NULL) {
			char *longer = uc_sprintf("%s: %s", prefix, item.message);
			free(item.message);
			item.message = longer;
		}
		push(f, item);
	}
	free(from->items);
	*from = (struct uc_findings){.items = NULL};
}

enum uc_weight uc_findings_worst(const struct uc_findings *f)
{
	enum uc_weight worst = UC_NOTE;
	for (size_t i = 0; i < f->count; i++)
		if (f->items[i].weight > worst) worst = f->items[i].weight;
	return worst;
}

const struct uc_finding *uc_findings_get(const struct uc_findings *f, const char *code)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->items[i].code, code) == 0) return &f->items[i];
	return NULL;
}

const char *uc_weight_name(enum uc_weight w)
{
	static const char *const names[] = {"note", "warn", "danger", "refused"};
	return names[w];
}
