#include "cli/save.h"

#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "core/file.h"
#include "core/mem.h"

/* Text is UTF-8 whose only control characters are line ends and tabs. */
static bool is_text(struct uc_slice data)
{
	for (size_t i = 0; i < data.len; i++)
		if (data.ptr[i] == 0x7f || (data.ptr[i] < 0x20 && strchr("\t\r\n", data.ptr[i]) == NULL) || data.ptr[i] == 0) return false;
	return uc_utf8_valid(data);
}

static int write_file(struct uc_cli *cli, const char *path, struct uc_slice data, mode_t mode)
{
	struct uc_error e;
	if (uc_file_write(path, data, mode, &e) != UC_OK) return uc_cli_fail(cli, &e);
	UC_CLEANUP(uc_json_free) json_t *json = json_pack("{s:s%,s:I}", "file", path, strlen(path), "bytes", (json_int_t)data.len);
	if (cli->json && json != NULL)
		uc_out_json(cli->out, json);
	else
		uc_out_line(cli->out, "Wrote %s (%zu bytes).", path, data.len);
	return UC_EXIT_DONE;
}

int uc_save(struct uc_cli *cli, const char *path, struct uc_slice data, mode_t mode)
{
	struct uc_error e;
	if (path != NULL && strcmp(path, "-") != 0) return write_file(cli, path, data, mode);
	bool terminal = isatty(fileno(cli->out)) != 0;
	if (!terminal) {
		fwrite(data.ptr, 1, data.len, cli->out);
		return UC_EXIT_DONE;
	}
	if (!is_text(data)) {
		(void)uc_fail(&e, UC_EREFUSED, "binary-to-terminal", "Write it to a file with --out FILE.", "this format is binary");
		return uc_cli_fail(cli, &e);
	}
	uc_out_text(cli->out, data);
	return UC_EXIT_DONE;
}
