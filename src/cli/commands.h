/* The table of commands, and the functions that it names; each prints what it has to say and returns the program's exit status. */
#ifndef UC_CLI_COMMANDS_H
#define UC_CLI_COMMANDS_H

#include "cli/grammar.h"

extern const struct uc_grammar uc_grammar;

#define UC_COMMAND(name) int name(struct uc_cli *cli, const struct uc_args *args)
UC_COMMAND(uc_cmd_cert_list);
UC_COMMAND(uc_cmd_cert_own);
UC_COMMAND(uc_cmd_cert_trust);
UC_COMMAND(uc_cmd_cert_chain);
UC_COMMAND(uc_cmd_purposes);
UC_COMMAND(uc_cmd_stores);
UC_COMMAND(uc_cmd_csr_list);
UC_COMMAND(uc_cmd_csr_own);
UC_COMMAND(uc_cmd_change_list);
UC_COMMAND(uc_cmd_change_show);
UC_COMMAND(uc_cmd_followup_list);
UC_COMMAND(uc_cmd_followup_done);
UC_COMMAND(uc_cmd_status);
UC_COMMAND(uc_cmd_csr_gen);
UC_COMMAND(uc_cmd_csr_delete);
UC_COMMAND(uc_cmd_cert_regen);
UC_COMMAND(uc_cmd_import_own);
UC_COMMAND(uc_cmd_import_trust);
UC_COMMAND(uc_cmd_cert_delete);
UC_COMMAND(uc_cmd_password);
UC_COMMAND(uc_cmd_node_list);
UC_COMMAND(uc_cmd_node_show);
UC_COMMAND(uc_cmd_node_add);
UC_COMMAND(uc_cmd_node_remove);
UC_COMMAND(uc_cmd_node_rename);
UC_COMMAND(uc_cmd_job_list);
UC_COMMAND(uc_cmd_job_show);
UC_COMMAND(uc_cmd_cluster);
UC_COMMAND(uc_cmd_move);
UC_COMMAND(uc_cmd_resync);
UC_COMMAND(uc_cmd_diagnose);
UC_COMMAND(uc_cmd_authz_key);
UC_COMMAND(uc_cmd_authz_regen);
UC_COMMAND(uc_cmd_authz_compare);
UC_COMMAND(uc_cmd_ctl);
UC_COMMAND(uc_cmd_itl);
UC_COMMAND(uc_cmd_list_status);
UC_COMMAND(uc_cmd_list_versions);
UC_COMMAND(uc_cmd_ctl_mode);
UC_COMMAND(uc_cmd_ctl_update);
UC_COMMAND(uc_cmd_ctl_reset);
UC_COMMAND(uc_cmd_itl_reset);
UC_COMMAND(uc_cmd_itl_update);
UC_COMMAND(uc_cmd_phone_list);
UC_COMMAND(uc_cmd_phone_own);
UC_COMMAND(uc_cmd_setting_show);
UC_COMMAND(uc_cmd_setting_set);
UC_COMMAND(uc_cmd_undo);
UC_COMMAND(uc_cmd_key_purge);
UC_COMMAND(uc_cmd_get_cert);
UC_COMMAND(uc_cmd_get_csr);
UC_COMMAND(uc_cmd_get_list);
UC_COMMAND(uc_cmd_check);
UC_COMMAND(uc_cmd_trust);
UC_COMMAND(uc_cmd_probe);
UC_COMMAND(uc_cmd_tlv_show);
UC_COMMAND(uc_cmd_tlv_verify);
UC_COMMAND(uc_cmd_tlv_diff);
UC_COMMAND(uc_cmd_tlv_build);
UC_COMMAND(uc_cmd_file_sign);
UC_COMMAND(uc_cmd_file_encrypt);
UC_COMMAND(uc_cmd_file_strip);
UC_COMMAND(uc_cmd_file_decrypt);
UC_COMMAND(uc_cmd_api);
UC_COMMAND(uc_cmd_help);
UC_COMMAND(uc_cmd_version);
UC_COMMAND(uc_cmd_exit);
UC_COMMAND(uc_cmd_complete);

#endif
