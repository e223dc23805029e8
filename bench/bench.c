#include "bench.h"

#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/text.h"

void uc_bench_die(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fflush(stdout);
	fputs("benchmark: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

void uc_bench_must(enum uc_status status, const char *doing, const struct uc_error *e)
{
	if (status != UC_OK) uc_bench_die("%s: %s", doing, e->message);
}

/* ---- time ---- */

double uc_bench_now(void)
{
	return (double)uc_monotonic_ns() / 1e9;
}

double uc_bench_cpu(pid_t pid)
{
	clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
	struct timespec t;
	if ((pid != 0 && clock_getcpuclockid(pid, &clock) != 0) || clock_gettime(clock, &t) != 0)
		uc_bench_die("the processor time of process %d cannot be read", (int)pid);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- samples ---- */

void uc_samples_free(struct uc_samples *s)
{
	free(s->items);
	*s = (struct uc_samples){.items = NULL};
}

void uc_samples_add(struct uc_samples *s, double value)
{
	s->items = uc_realloc(s->items, s->count + 1, sizeof *s->items);
	s->items[s->count++] = value;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

double uc_samples_quantile(const struct uc_samples *s, double q)
{
	if (s->count == 0) return 0;
	UC_CLEANUP(uc_freep) double *sorted = uc_memdup(s->items, s->count * sizeof *sorted);
	qsort(sorted, s->count, sizeof *sorted, by_value);
	double at = q * (double)(s->count - 1);
	size_t low = (size_t)at;
	if (low + 1 >= s->count) return sorted[s->count - 1];
	return sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low]);
}

double uc_samples_median(const struct uc_samples *s)
{
	return uc_samples_quantile(s, 0.5);
}

double uc_samples_mean(const struct uc_samples *s)
{
	double sum = 0;
	for (size_t i = 0; i < s->count; i++) sum += s->items[i];
	return s->count > 0 ? sum / (double)s->count : 0;
}

/* ---- the table ---- */

const struct uc_unit uc_unit_ms = {"ms", 1e3, 2};
const struct uc_unit uc_unit_us = {"us", 1e6, 1};

void uc_bench_title(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	putchar('\n');
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n  %-58s %10s %21s %7s\n", "", "median", "quarters", "ratio");
	fflush(stdout);
}

void uc_bench_row(const char *what, const struct uc_samples *s, const struct uc_unit *unit, const struct uc_samples *base)
{
	double median = uc_samples_median(s);
	char quarters[48];
	snprintf(quarters, sizeof quarters, "%.*f to %.*f", unit->digits, uc_samples_quantile(s, 0.25) * unit->scale, unit->digits,
	         uc_samples_quantile(s, 0.75) * unit->scale);
	printf("  %-58s %7.*f %-2s %21s", what, unit->digits, median * unit->scale, unit->name, quarters);
	double below = base != NULL ? uc_samples_median(base) : 0;
	if (below > 0) printf(" %7.2f", median / below);
	putchar('\n');
	fflush(stdout);
}

void uc_bench_value(const char *what, double value, int digits, const char *unit)
{
	printf("  %-58s %7.*f %s\n", what, digits, value, unit);
	fflush(stdout);
}

/* ---- arguments ---- */

long uc_bench_option(int argc, char **argv, const char *name, long usual)
{
	size_t len = strlen(name);
	for (int i = 1; i < argc; i++) {
		unsigned long long n;
		const char *arg = argv[i];
		if (!uc_starts_with(arg, "--") || strncmp(arg + 2, name, len) != 0 || arg[2 + len] != '=') continue;
		if (!uc_parse_u64(arg + 3 + len, 0, LONG_MAX, &n)) uc_bench_die("%s: not a number", arg);
		return (long)n;
	}
	return usual;
}

char *uc_bench_program(const char *name)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	if (len < 0) uc_bench_die("the path of this program is not known");
	self[len] = '\0';
	const char *build = dirname(dirname(self));
	char *path = uc_sprintf("%s/%s", build, name);
	if (access(path, X_OK) != 0) uc_bench_die("there is no program %s", path);
	return path;
}
