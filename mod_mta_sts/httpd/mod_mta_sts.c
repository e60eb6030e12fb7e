/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/mod_mta_sts.h"

#include "httpd/config.h"
#include "httpd/directives.h"
#include "httpd/dump.h"
#include "httpd/handler.h"
#include "httpd/hosts.h"
#include "httpd/report_handler.h"
#include "httpd/startup.h"
#include "httpd/state.h"
#include "httpd/watchdog.h"

static void register_hooks(apr_pool_t *p)
{
    (void)p;
    mod_startup_register_hooks();
    mod_hosts_register_hooks();
    mod_dump_register_hooks();
    mod_handler_register_hooks();
    mod_report_handler_register_hooks();
    mod_state_register_hooks();
    mod_watchdog_register_hooks();
}

AP_DECLARE_MODULE(mta_sts) = {
    STANDARD20_MODULE_STUFF,
    NULL, /* nothing a directory */
    NULL,
    mod_config_create,
    mod_config_merge,
    mod_directives,
    register_hooks,
    0,
};
