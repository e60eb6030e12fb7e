/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/endpoint/access.h"

#include <ap_expr.h>
#include <apr_fnmatch.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_request.h>

APLOG_USE_MODULE(mta_sts);

/* Matches whole segments of the path, as httpd does. */
static int is_beginning(const char *section, const char *path)
{
    apr_size_t len = strlen(section);

    return strncmp(section, path, len) == 0 &&
           (path[len] == '\0' || path[len] == '/' || (len > 0 && section[len - 1] == '/'));
}

static int has_path(const core_dir_config *section, const char *path)
{
    if (section->r) {
        return ap_regexec(section->r, path, 0, NULL, 0) == 0;
    }
    return section->d_is_fnmatch ? apr_fnmatch(section->d, path, APR_FNM_PATHNAME) == APR_SUCCESS
                                 : is_beginning(section->d, path);
}

/* Whether a section is about the endpoint. One about the whole site is not, unless the endpoint's
 * path is "/". */
static int is_about(const core_dir_config *section, const char *path)
{
    return has_path(section, path) && (strcmp(path, "/") == 0 || !has_path(section, "/"));
}

static void apply(request_rec *r, ap_conf_vector_t *section)
{
    r->per_dir_config = ap_merge_per_dir_configs(r->pool, r->per_dir_config, section);
}

/* Whether the condition of an <If> or <ElseIf> is true; as in httpd, one that cannot be evaluated
 * is not. */
static int holds(request_rec *r, const core_dir_config *section)
{
    const char *error = NULL;
    int result = ap_expr_exec(r, section->condition, &error);

    if (error) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "report: the condition of an <If> in a <Location> cannot be evaluated: %s; "
                      "correct its expression, until then the section is ignored",
                      error);
    }
    return result > 0 && !error;
}

/* Applies the <If>, <ElseIf> and <Else> sections inside a section. Those directly in the virtual
 * host are about the whole site, and so do not apply. */
static void apply_conditions(request_rec *r, ap_conf_vector_t *outer)
{
    const apr_array_header_t *sections =
        ((core_dir_config *)ap_get_core_module_config(outer))->sec_if;
    int i, has_held = 0;

    for (i = 0; sections && i < sections->nelts; i++) {
        ap_conf_vector_t *section = APR_ARRAY_IDX(sections, i, ap_conf_vector_t *);
        const core_dir_config *config = ap_get_core_module_config(section);

        has_held = has_held && (config->condition_ifelse & AP_CONDITION_ELSE);
        if (!has_held && (!(config->condition_ifelse & AP_CONDITION_IF) || holds(r, config))) {
            has_held = 1;
            apply(r, section);
            apply_conditions(r, section);
        }
    }
}

/* Applies the sections, and after all of them their conditions, as httpd does; returns whether
 * there are any. */
static int apply_sections(request_rec *r)
{
    const core_server_config *config = ap_get_core_module_config(r->server->module_config);
    apr_array_header_t *found = apr_array_make(r->pool, 2, sizeof(ap_conf_vector_t *));
    int i;

    for (i = 0; i < config->sec_url->nelts; i++) {
        ap_conf_vector_t *section = APR_ARRAY_IDX(config->sec_url, i, ap_conf_vector_t *);

        if (is_about(ap_get_core_module_config(section), r->uri)) {
            APR_ARRAY_PUSH(found, ap_conf_vector_t *) = section;
            apply(r, section);
        }
    }
    for (i = 0; i < found->nelts; i++) {
        apply_conditions(r, APR_ARRAY_IDX(found, i, ap_conf_vector_t *));
    }
    return found->nelts > 0;
}

/* Does the same as httpd does after the access_checker hook for a request that maps to a file. */
static int check_authorization(request_rec *r)
{
    int status = ap_run_access_checker_ex(r);

    if (status != DECLINED) {
        return status;
    }
    status = ap_run_check_user_id(r);
    return status == OK || status == DECLINED ? ap_run_auth_checker(r) : status;
}

int mts_access_check(request_rec *r)
{
    int has_section = apply_sections(r);
    int status = ap_run_header_parser(r);

    if (status != OK && status != DECLINED) {
        return status;
    }
    status = ap_run_access_checker(r);
    status = status == DECLINED ? OK : status;
    if (has_section && (status == OK || ap_satisfies(r) == SATISFY_ANY)) {
        int authorized = check_authorization(r);

        status = authorized == DECLINED ? status : authorized;
    }
    return status;
}
