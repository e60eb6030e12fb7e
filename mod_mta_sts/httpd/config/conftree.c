/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/conftree.h"

#include <apr_cstr.h>
#include <apr_hash.h>
#include <apr_strings.h>

#define NAME_SIZE 64 /* in bytes; no directive that is searched for has a longer name */

/* A virtual host. The address of one of its members is the key in each table. */
typedef struct vhost {
    const server_rec *server;
    const ap_directive_t *section;
} vhost;

/* The index, allocated from pconf. */
typedef struct tables {
    apr_hash_t *directives; /* name in lower case -> const ap_directive_t: the last directive with
                               this name */
    apr_hash_t *by_server;  /* of vhost */
    apr_hash_t *by_section;
} tables;

static const tables *current; /* NULL: no configuration has been indexed */

static apr_status_t forget(void *unused)
{
    (void)unused;
    current = NULL;
    return APR_SUCCESS;
}

/* The location of a <VirtualHost>, by which its server is matched with its section. */
static const char *origin(apr_pool_t *p, const char *file, apr_uint64_t line)
{
    return apr_psprintf(p, "%s:%" APR_UINT64_T_FMT, file, line);
}

/* Indexes the directives by name, and returns the sections by their origin. */
static apr_hash_t *index_directives(apr_pool_t *p, apr_pool_t *scratch, apr_hash_t *by_name)
{
    apr_hash_t *sections = apr_hash_make(scratch);
    const ap_directive_t *at;

    for (at = ap_conftree; at; at = at->next) {
        if (at->directive[0] != '<') {
            char *name = apr_pstrdup(p, at->directive);

            ap_str_tolower(name);
            apr_hash_set(by_name, name, APR_HASH_KEY_STRING, at);
        }
        else if (apr_cstr_casecmp(at->directive, "<VirtualHost") == 0) {
            apr_hash_set(sections, origin(scratch, at->filename, (apr_uint64_t)at->line_num),
                         APR_HASH_KEY_STRING, at);
        }
    }
    return sections;
}

static void index_server(apr_pool_t *p, const tables *made, const server_rec *s,
                         const ap_directive_t *section)
{
    vhost *added = apr_palloc(p, sizeof(*added));

    added->server = s;
    added->section = section;
    apr_hash_set(made->by_server, &added->server, sizeof(added->server), added);
    apr_hash_set(made->by_section, &added->section, sizeof(added->section), added);
}

void mts_conftree_index(apr_pool_t *pconf, apr_pool_t *ptemp, const server_rec *main)
{
    tables *made = apr_palloc(pconf, sizeof(*made));
    const ap_directive_t *section;
    apr_hash_t *sections;
    const server_rec *s;

    made->directives = apr_hash_make(pconf);
    made->by_server = apr_hash_make(pconf);
    made->by_section = apr_hash_make(pconf);
    sections = index_directives(pconf, ptemp, made->directives);
    for (s = main->next; s; s = s->next) {
        section = s->defn_name
                      ? apr_hash_get(sections, origin(ptemp, s->defn_name, s->defn_line_number),
                                     APR_HASH_KEY_STRING)
                      : NULL;
        if (section) {
            index_server(pconf, made, s, section);
        }
    }
    current = made;
    apr_pool_cleanup_register(pconf, NULL, forget, apr_pool_cleanup_null);
}

const ap_directive_t *mts_conftree_find(const char *name)
{
    char lower[NAME_SIZE];

    apr_cpystrn(lower, name, sizeof(lower));
    ap_str_tolower(lower);
    return current ? apr_hash_get(current->directives, lower, APR_HASH_KEY_STRING) : NULL;
}

const ap_directive_t *mts_conftree_section(const server_rec *s)
{
    const vhost *found = current ? apr_hash_get(current->by_server, &s, sizeof(s)) : NULL;

    return found ? found->section->first_child : NULL;
}

const server_rec *mts_conftree_server(const ap_directive_t *section)
{
    const vhost *found =
        current ? apr_hash_get(current->by_section, &section, sizeof(section)) : NULL;

    return found ? found->server : NULL;
}
