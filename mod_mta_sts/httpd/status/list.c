/* SPDX-License-Identifier: Apache-2.0 */
/* Which policy domains one page of the list has. */
#include <string.h>

#include "httpd/status/view.h"

mts_status_list mts_status_list_of(const mts_status_view *view)
{
    const apr_array_header_t *all = view->domains->list;
    mts_status_list list = {.pages = 1};
    int i, first = (view->query.page - 1) * MTS_STATUS_PAGE;

    list.domains = apr_array_make(view->p, MTS_STATUS_PAGE, sizeof(const mts_domain *));
    for (i = 0; i < all->nelts; i++) {
        const mts_domain *domain = &APR_ARRAY_IDX(all, i, mts_domain);

        if (view->query.search && !strstr(domain->name, view->query.search)) {
            continue;
        }
        if (list.found >= first && list.domains->nelts < MTS_STATUS_PAGE) {
            APR_ARRAY_PUSH(list.domains, const mts_domain *) = domain;
        }
        list.found++;
    }
    if (list.found) {
        list.pages = (list.found + MTS_STATUS_PAGE - 1) / MTS_STATUS_PAGE;
    }
    return list;
}

apr_hash_t *mts_status_list_shares(const mts_status_view *view, const mts_status_list *list)
{
    apr_array_header_t *names = apr_array_make(view->p, list->domains->nelts, sizeof(const char *));
    int i;

    for (i = 0; i < list->domains->nelts; i++) {
        APR_ARRAY_PUSH(names, const char *) =
            APR_ARRAY_IDX(list->domains, i, const mts_domain *)->name;
    }
    return mts_status_shares_of(view->r, names, &view->query, view->now);
}
