/* Text: hexadecimal, base64, UTF-8, folding, safe file names, and a list of strings. */
#ifndef UC_CORE_TEXT_H
#define UC_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/bytes.h"
#include "core/error.h"

/* Lower-case hexadecimal; sep is put between bytes unless it is '\0'. Free with free(). */
char *uc_hex(struct uc_slice data, char sep);
/* Reads hexadecimal, with or without ':' between bytes, into out (appended). False when it is not hexadecimal. */
bool uc_unhex(const char *text, struct uc_buf *out) UC_MUST;
/* Base64 (RFC 4648) on one line. Free with free(). */
char *uc_base64(struct uc_slice data);
/* Reads base64; white space is skipped. Appends to out. False when a character or the padding is wrong. */
bool uc_unbase64(struct uc_slice text, struct uc_buf *out) UC_MUST;
/* Base64 for URLs, without padding (RFC 4648 section 5). Free with free(). */
char *uc_base64url(struct uc_slice data);
/*
 * Reads exactly what uc_base64url() writes: no white space, no padding, no spare bits that are set, so that no two texts are the same bytes. Appends to out. False otherwise.
 */
bool uc_unbase64url(struct uc_slice text, struct uc_buf *out) UC_MUST;

/* Is it well-formed UTF-8 (RFC 3629: shortest form, no surrogates)? */
bool uc_utf8_valid(struct uc_slice text);
/* The length of the well-formed UTF-8 sequence at the start of text, or 0; *cp gets the character. */
size_t uc_utf8_next(struct uc_slice text, uint32_t *cp);
/* Appends a character, at most U+10FFFF and no surrogate, as UTF-8. */
void uc_utf8_add(struct uc_buf *out, uint32_t cp);
/* A copy in which every byte that is not part of well-formed UTF-8 is replaced by U+FFFD. Free with free(). */
char *uc_utf8_clean(struct uc_slice text);
/*
 * Makes text fit for a terminal, a log line and JSON, in place: every control character (C0, DEL, C1), every one that reorders the
 * line (Unicode's Bidi_Control), and every byte that is not part of well-formed UTF-8 becomes '?', one for each byte. Returns text.
 */
char *uc_text_printable(char *text);
/* A copy folded for searching: ASCII, Latin-1, Greek and Cyrillic letters in lower case. Free with free(). */
char *uc_fold(const char *text);

bool uc_starts_with(const char *text, const char *prefix);
bool uc_ends_with(const char *text, const char *suffix);
/* Equality without regard to the case of ASCII letters, whatever the locale. */
bool uc_eq_nocase(const char *a, const char *b);
char uc_ascii_lower(char c);

/* Reads a decimal number in lo..hi: the whole text, no sign, no blanks. False otherwise. */
bool uc_parse_u64(const char *text, unsigned long long lo, unsigned long long hi, unsigned long long *out) UC_MUST;

/*
 * A safe file name from any text: every byte but ASCII letters, digits, '.', '-', '_' and '@' becomes '_', a leading '.' too; more than
 * 200 bytes are cut. Empty in, empty out: the caller has another name ready. Free with free().
 */
char *uc_safe_name(const char *text);

/* An owned list of owned strings. Zero-initialised is empty; release with uc_strv_free (also for UC_CLEANUP). */
struct uc_strv {
	char **items;
	size_t count;
	size_t cap; /* private */
};

void uc_strv_free(struct uc_strv *v);
void uc_strv_add(struct uc_strv *v, const char *text);
void uc_strv_take(struct uc_strv *v, char *text); /* takes ownership of text */
bool uc_strv_has(const struct uc_strv *v, const char *text);
/* Splits at sep, trims blanks, drops empty parts, appends. */
void uc_strv_split(struct uc_strv *v, const char *text, char sep);
/* Joined with sep. Free with free(). */
char *uc_strv_join(const struct uc_strv *v, const char *sep);
/* Sorts by bytes and drops repeated ones. */
void uc_strv_sort_unique(struct uc_strv *v);

#endif
