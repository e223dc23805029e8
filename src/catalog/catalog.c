#include "catalog/catalog.h"

#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "pki/cert.h"

/* KU and EKU of the tables in requirements section 2, by their letters there. */
enum {
	DS = UC_KU_DIGITAL_SIGNATURE,
	KE = UC_KU_KEY_ENCIPHERMENT,
	DE = UC_KU_DATA_ENCIPHERMENT,
	KA = UC_KU_KEY_AGREEMENT,
	CS = UC_KU_KEY_CERT_SIGN
};

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NOTHING ((const char *const[]){NULL})
#define S LIST(UC_EKU_SERVER)
#define SC LIST(UC_EKU_SERVER, UC_EKU_CLIENT)
#define SCI LIST(UC_EKU_SERVER, UC_EKU_CLIENT, UC_EKU_IPSEC)

#define ANY_ROLE (UC_NODE_VOICE | UC_NODE_PRESENCE | UC_NODE_REPORTING)

static const char *const callmanager_services[] = {"CallManager", "CAPF", "CTI", NULL};
static const char *const tomcat_services[] = {"Tomcat (HTTPS)", "TFTP", NULL};
static const char *const cup_services[] = {"SIP Proxy", "Presence Engine", NULL};
static const char *const xmpp_services[] = {"XCP Connection Manager", "XCP Web Connection Manager", NULL};
static const char *const s2s_services[] = {"XCP XMPP Federation Connection Manager", NULL};

/* Services that not every node has which a certificate that they depend on counts for. */
static const struct {
	const char *name;
	unsigned roles;
} services[] = {{"CallManager", UC_NODE_VOICE}, {"XCP Authentication Service", UC_NODE_PRESENCE}};

/* What the members of a row are when it does not say otherwise: a server's certificate. */
#define SERVER(...) .requestable = true, .needs_server_auth = true, .key = "rsa-2048", .years = 5, .common_name = "%f", __VA_ARGS__
#define SERVER_EC(...) .requestable = true, .needs_server_auth = true, .key = "ec-p384", .years = 5, .common_name = "%h-EC.%d", __VA_ARGS__

static const struct uc_purpose purposes[] = {
    {SERVER(.name = "tomcat", .title = "HTTPS of the console and web services", .reach = UC_REACH_WAN, .roles = ANY_ROLE, .multi = true,
            .key_usage = DS | KE | DE, .ekus = SC, .self_ekus = SC, .stores = LIST("tomcat-trust"), .services = tomcat_services)},
    {SERVER_EC(.name = "tomcat-ECDSA", .title = "HTTPS of the console and web services, EC key", .reach = UC_REACH_WAN, .roles = ANY_ROLE,
               .multi = true, .key_usage = DS | KE | DE, .ekus = SC, .self_ekus = SC, .stores = LIST("tomcat-trust"),
               .services = tomcat_services)},
    {SERVER(.name = "ipsec", .title = "IPsec to gateways and other nodes", .roles = UC_NODE_VOICE | UC_NODE_PRESENCE,
            .key_usage = DS | KE | DE, .ekus = SCI, .self_ekus = SCI, .stores = LIST("ipsec-trust"),
            .services = LIST("IPsec", "DRS local agent", "DRS master agent"))},
    {SERVER(.name = "CallManager", .title = "SIP and SCCP signalling; signs phone files", .roles = UC_NODE_VOICE, .multi = true,
            .guid = true, .signs_phone_files = true, .key_usage = DS | KE | DE, .ekus = SC, .self_ekus = SC,
            .stores = LIST("CallManager-trust"), .services = callmanager_services)},
    {SERVER_EC(.name = "CallManager-ECDSA", .title = "SIP and SCCP signalling, EC key", .roles = UC_NODE_VOICE, .multi = true, .guid = true,
               .key_usage = DS | KE | DE, .ekus = SC, .self_ekus = SC, .stores = LIST("CallManager-trust"),
               .services = callmanager_services)},
    /* No EKU in the self-signed CAPF certificate: an issuer limited to serverAuth makes TLS peers refuse the LSCs it issues as clients. */
    {.name = "CAPF",
     .title = "Issues the phones' own certificates (LSC)",
     .roles = UC_NODE_PUBLISHER,
     .requestable = true,
     .key_usage = DS | KE | CS,
     .ekus = S,
     .self_ekus = NOTHING,
     .ca = true,
     .copies_everywhere = true,
     .needs_cert_sign = true,
     .key = "rsa-2048",
     .years = 5,
     .common_name = "CAPF-%r",
     .stores = LIST("CallManager-trust", "CAPF-trust"),
     .services = LIST("CallManager", "CAPF")},
    {SERVER(.name = "TVS", .title = "Answers phones' trust questions", .roles = UC_NODE_VOICE, .key_usage = DS | KE | DE, .ekus = SC,
            .self_ekus = SC, .stores = LIST("TVS-trust"), .services = LIST("TVS"))},
    {.name = "ITLRecovery",
     .title = "Long-lived signer that recovers phones",
     .nameless = true,
     .roles = UC_NODE_PUBLISHER,
     /* Each node that phones fetch from signs its own list, and phones that change from one to the other know the signer. */
     .shared = UC_NODE_PUBLISHER | UC_NODE_TFTP,
     .signs_phone_files = true,
     .key_usage = DS | KE | DE,
     .ekus = NOTHING,
     .self_ekus = NOTHING,
     .key = "rsa-2048",
     .years = 20,
     .common_name = "ITLRECOVERY_%h",
     .stores = LIST("Phone-SAST-trust"),
     .services = LIST("TFTP")},
    {.name = "authz",
     .title = "Signs OAuth tokens",
     .nameless = true,
     .roles = UC_NODE_PUBLISHER,
     .shared = ANY_ROLE,
     .rotates = true,
     .key_usage = DS,
     .ekus = NOTHING,
     .self_ekus = NOTHING,
     .key = "rsa-2048",
     .years = 5,
     .common_name = "AUTHZ_%h",
     .stores = NOTHING,
     .services = LIST("CallManager", "XCP Authentication Service")},
    {SERVER(.name = "cup", .title = "SIP proxy and presence engine", .roles = UC_NODE_PRESENCE, .key_usage = DS | KE | DE | KA, .ekus = SCI,
            .self_ekus = SCI, .stores = LIST("cup-trust"), .services = cup_services)},
    {SERVER_EC(.name = "cup-ECDSA", .title = "SIP proxy and presence engine, EC key", .roles = UC_NODE_PRESENCE,
               .key_usage = DS | KE | DE | KA, .ekus = SCI, .self_ekus = SCI, .stores = LIST("cup-trust"), .services = cup_services)},
    {SERVER(.name = "cup-xmpp", .title = "XMPP clients", .reach = UC_REACH_WAN, .roles = UC_NODE_PRESENCE, .multi = true,
            .key_usage = DS | KE | DE | KA, .ekus = SCI, .self_ekus = SCI, .stores = LIST("cup-xmpp-trust"), .services = xmpp_services)},
    {SERVER_EC(.name = "cup-xmpp-ECDSA", .title = "XMPP clients, EC key", .reach = UC_REACH_WAN, .roles = UC_NODE_PRESENCE, .multi = true,
               .key_usage = DS | KE | DE | KA, .ekus = SCI, .self_ekus = SCI, .stores = LIST("cup-xmpp-trust"), .services = xmpp_services)},
    {SERVER(.name = "cup-xmpp-s2s", .title = "XMPP federation", .reach = UC_REACH_INTERNET, .roles = UC_NODE_PRESENCE, .multi = true,
            .key_usage = DS | KE | DE | KA, .ekus = SCI, .self_ekus = SCI, .stores = LIST("cup-xmpp-trust"), .services = s2s_services)},
    {SERVER_EC(.name = "cup-xmpp-s2s-ECDSA", .title = "XMPP federation, EC key", .reach = UC_REACH_INTERNET, .roles = UC_NODE_PRESENCE,
               .multi = true, .key_usage = DS | KE | DE | KA, .ekus = SCI, .self_ekus = SCI, .stores = LIST("cup-xmpp-trust"),
               .services = s2s_services)},
    {SERVER(.name = "intelligenceCenter-srvr", .title = "Reporting server", .roles = UC_NODE_REPORTING, .key_usage = DS | KE | DE,
            .ekus = SC, .self_ekus = SC, .stores = LIST("intelligenceCenter-srvr-trust"), .services = LIST("Intelligence Center"))},
};

static const struct uc_trust_store stores[] = {
    {.name = "tomcat-trust",
     .holds = "CAs and peers of HTTPS and web applications, LDAP, presence and provisioning",
     .roles = ANY_ROLE,
     .cluster = true,
     .delete_cluster = true,
     .services = LIST("Tomcat (HTTPS)")},
    {.name = "CallManager-trust",
     .holds = "CAs and peers of SIP and SCCP over TLS, and roots of a CA-signed CAPF",
     .roles = UC_NODE_VOICE,
     .cluster = true,
     .delete_cluster = true,
     .phones = true,
     .services = LIST("CallManager")},
    {.name = "CAPF-trust",
     .holds = "roots and manufacturer CAs by which phones prove who they are to CAPF",
     .roles = UC_NODE_VOICE,
     .import_local = true,
     .delete_cluster = true,
     .phones = true,
     .services = LIST("CAPF")},
    {.name = "Phone-SAST-trust",
     .holds = "signers of trust lists, and VPN certificates for phones",
     .roles = UC_NODE_VOICE,
     .cluster = true,
     .delete_cluster = true,
     .phones = true,
     .services = LIST("TFTP")},
    {.name = "ipsec-trust",
     .holds = "peers of IPsec",
     .roles = UC_NODE_VOICE | UC_NODE_PRESENCE,
     .services = LIST("DRS local agent", "DRS master agent")},
    {.name = "TVS-trust", .holds = "peers of the trust verification service", .roles = UC_NODE_VOICE, .services = LIST("TVS")},
    {.name = "userlicensing-trust", .holds = "peers of the licensing service", .roles = UC_NODE_VOICE, .services = NOTHING},
    {.name = "Phone-trust",
     .holds = "certificates that phones ask TVS for",
     .roles = UC_NODE_VOICE,
     .cluster = true,
     .phones = true,
     .services = LIST("TVS")},
    {.name = "Phone-CTL-trust",
     .holds = "certificates that travel to phones in the CTL file",
     .roles = UC_NODE_VOICE,
     .cluster = true,
     .phones = true,
     .services = LIST("TFTP")},
    {.name = "Phone-VPN-trust",
     .holds = "VPN concentrators of phones",
     .roles = UC_NODE_VOICE,
     .cluster = true,
     .phones = true,
     .services = LIST("TFTP")},
    {.name = "cup-trust", .holds = "presence peers", .roles = UC_NODE_PRESENCE, .cluster = true, .services = cup_services},
    {.name = "cup-xmpp-trust", .holds = "XMPP and federation peers", .roles = UC_NODE_PRESENCE, .cluster = true, .services = xmpp_services},
    {.name = "intelligenceCenter-srvr-trust",
     .holds = "CAs of the reporting server",
     .roles = UC_NODE_REPORTING,
     .services = LIST("Intelligence Center")},
};

static const char *const reach_names[] = {[UC_REACH_INSIDE] = "inside", [UC_REACH_WAN] = "wan", [UC_REACH_INTERNET] = "internet"};

const char *uc_reach_name(enum uc_reach reach)
{
	return reach_names[reach];
}

static const char *const role_names[] = {"publisher", "subscriber", "tftp", "im-and-presence", "reporting"};

enum {
	PURPOSES = sizeof purposes / sizeof *purposes,
	STORES = sizeof stores / sizeof *stores,
	SERVICES = sizeof services / sizeof *services,
	ROLES = sizeof role_names / sizeof *role_names
};

size_t uc_role_count(void)
{
	return ROLES;
}

const char *uc_role_name(enum uc_node_role role)
{
	for (size_t i = 0; i < ROLES; i++)
		if ((unsigned)role == 1u << i) return role_names[i];
	return "?";
}

static int find_role(const char *word)
{
	for (size_t i = 0; i < ROLES; i++)
		if (uc_eq_nocase(word, role_names[i])) return (int)i;
	return -1;
}

enum uc_status uc_roles_parse(const char *text, unsigned *out, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv words = {.items = NULL};
	uc_strv_split(&words, text, ',');
	*out = 0;
	for (size_t i = 0; i < words.count; i++) {
		int role = find_role(words.items[i]);
		if (role < 0)
			return uc_fail_field(e, UC_EINPUT, "bad-role", "roles",
			                     "The roles are publisher, subscriber, tftp, im-and-presence and reporting.", "there is no role '%s'",
			                     words.items[i]);
		*out |= 1u << role;
	}
	if (*out != 0) return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "bad-role", "roles", "Name at least one, for example publisher,tftp.",
	                     "the list of roles '%s' is empty", text);
}

char *uc_roles_text(unsigned roles)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	for (size_t i = 0; i < uc_role_count(); i++)
		if ((roles & 1u << i) != 0) uc_strv_add(&names, uc_role_name((enum uc_node_role)(1u << i)));
	return uc_strv_join(&names, ",");
}

unsigned uc_service_roles(const char *name)
{
	for (size_t i = 0; i < SERVICES; i++)
		if (strcmp(services[i].name, name) == 0) return services[i].roles;
	return 0;
}

const struct uc_purpose *uc_purposes(size_t *count)
{
	*count = PURPOSES;
	return purposes;
}

const struct uc_trust_store *uc_trust_stores(size_t *count)
{
	*count = STORES;
	return stores;
}

enum uc_status uc_purpose_find(const char *name, const struct uc_purpose **out, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	for (size_t i = 0; i < PURPOSES; i++) {
		if (uc_eq_nocase(purposes[i].name, name)) {
			*out = &purposes[i];
			return UC_OK;
		}
		uc_strv_add(&names, purposes[i].name);
	}
	UC_CLEANUP(uc_freep) char *all = uc_strv_join(&names, ", ");
	UC_CLEANUP(uc_freep) char *hint = uc_sprintf("The purposes are %s.", all);
	return uc_fail_field(e, UC_ENOTFOUND, "no-purpose", "purpose", hint, "there is no certificate purpose '%s'", name);
}

static bool store_is(const struct uc_trust_store *store, const char *name)
{
	if (uc_eq_nocase(store->name, name)) return true;
	UC_CLEANUP(uc_freep) char *longer = uc_sprintf("%s-trust", name);
	return uc_eq_nocase(store->name, longer);
}

enum uc_status uc_trust_store_find(const char *name, const struct uc_trust_store **out, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	for (size_t i = 0; i < STORES; i++) {
		if (store_is(&stores[i], name)) {
			*out = &stores[i];
			return UC_OK;
		}
		uc_strv_add(&names, stores[i].name);
	}
	UC_CLEANUP(uc_freep) char *all = uc_strv_join(&names, ", ");
	UC_CLEANUP(uc_freep) char *hint = uc_sprintf("The trust stores are %s.", all);
	return uc_fail_field(e, UC_ENOTFOUND, "no-store", "store", hint, "there is no trust store '%s'", name);
}
