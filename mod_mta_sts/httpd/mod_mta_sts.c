/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared/module.h"

#include "httpd/config/config.h"
#include "httpd/config/directives.h"
#include "httpd/policy/handshake_note.h"
#include "httpd/policy/dump.h"
#include "httpd/policy/dump_json.h"
#include "httpd/policy/handler.h"
#include "httpd/policy/hosts.h"
#include "httpd/hosting/handshake.h"
#include "httpd/hosting/hosting.h"
#include "httpd/hosting/pairs.h"
#include "httpd/hosting/renewal.h"
#include "httpd/endpoint/handler.h"
#include "httpd/upkeep/startup.h"
#include "httpd/config/state.h"
#include "httpd/status/handler.h"
#include "httpd/status/mod_status.h"
#include "httpd/upkeep/watchdog.h"

static void register_hooks(apr_pool_t *p)
{
    (void)p;
    mts_startup_register_hooks();
    mts_hosts_register_hooks();
    mts_dump_register_hooks();
    mts_dump_json_register_hooks();
    mts_policy_handler_register_hooks();
    mts_report_handler_register_hooks();
    mts_state_register_hooks();
    mts_hosting_register_hooks();
    mts_pairs_register_hooks();
    mts_handshake_register_hooks();
    mts_handshake_note_register_hooks();
    mts_renewal_register_hooks();
    mts_status_register_hooks();
    mts_mod_status_register_hooks();
    mts_watchdog_register_hooks();
}

AP_DECLARE_MODULE(mta_sts) = {
    STANDARD20_MODULE_STUFF,
    NULL, /* no per-directory configuration */
    NULL,
    mts_config_create,
    mts_config_merge,
    mts_directives,
    register_hooks,
    0,
};
