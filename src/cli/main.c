#include "cli/cli.h"

int main(int argc, char **argv)
{
	return uc_cli_main(argc, argv);
}
