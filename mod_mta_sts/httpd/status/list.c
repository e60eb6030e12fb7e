/* SPDX-License-Identifier: Apache-2.0 */
/* Which policy domains one page of the list has. */
#include <string.h>

#include "httpd/status/view.h"

mod_status_list mod_status_list_of(const mod_status_view *view)
{
    const apr_array_header_t *all = view->domains->list;
    mod_status_list list = {.pages = 1};
    int i, first = (view->query.page - 1) * MOD_STATUS_PAGE;

    list.domains = apr_array_make(view->p, MOD_STATUS_PAGE, sizeof(const mod_domain *));
    for (i = 0; i < all->nelts; i++) {
        const mod_domain *domain = &APR_ARRAY_IDX(all, i, mod_domain);

        if (view->query.search && !strstr(domain->name, view->query.search)) {
            continue;
        }
        if (list.found >= first && list.domains->nelts < MOD_STATUS_PAGE) {
            APR_ARRAY_PUSH(list.domains, const mod_domain *) = domain;
        }
        list.found++;
    }
    if (list.found) {
        list.pages = (list.found + MOD_STATUS_PAGE - 1) / MOD_STATUS_PAGE;
    }
    return list;
}

apr_hash_t *mod_status_list_shares(const mod_status_view *view, const mod_status_list *list)
{
    apr_array_header_t *names = apr_array_make(view->p, list->domains->nelts, sizeof(const char *));
    int i;

    for (i = 0; i < list->domains->nelts; i++) {
        APR_ARRAY_PUSH(names, const char *) =
            APR_ARRAY_IDX(list->domains, i, const mod_domain *)->name;
    }
    return mod_status_shares_of(view->r, names, &view->query, view->now);
}
