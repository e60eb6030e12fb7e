/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_ROLLOUT_H
#define HTTPD_STATUS_ROLLOUT_H

#include <jansson.h>

#include "httpd/status/view.h"

/*
 * The rollout of a domain's policy (core/policy/rollout.h), with the same contents as `mta-sts
 * rollout`: which networks have fetched the current policy, and which may have a copy of an earlier
 * one, and until when. A part of the page of a domain, unless no sender can have such a copy.
 */
void mts_status_rollout_html(const mts_status_view *view);

/* Adds the members earlier_policies, earlier_copies, fetched_by and safe to the JSON object of the
 * domain. */
void mts_status_rollout_json(const mts_status_view *view, json_t *domain);

#endif
