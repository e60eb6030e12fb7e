/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_CONFTREE_H
#define HTTPD_CONFIG_CONFTREE_H

#include <httpd.h>
#include <util_cfgtree.h>

/*
 * Finds directives of all modules. httpd's own tree (ap_conftree) can only be traversed, and
 * contains tens of thousands of virtual hosts on some machines; this index is built in a single
 * traversal.
 */

/* Builds the index for the configuration that has been read. Must be called at configtest and at
 * each start; before that, nothing is found. */
void mts_conftree_index(apr_pool_t *pconf, apr_pool_t *ptemp, const server_rec *main);

/* The last directive of this name that is outside all sections, or NULL. */
const ap_directive_t *mts_conftree_find(const char *name);

/* The directives inside the <VirtualHost> of a server; NULL for the main server. */
const ap_directive_t *mts_conftree_section(const server_rec *s);

/* The server of a <VirtualHost>, or NULL. */
const server_rec *mts_conftree_server(const ap_directive_t *section);

#endif
