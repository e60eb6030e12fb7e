/* SPDX-License-Identifier: Apache-2.0 */
#include "core/check/mx_effect.h"

enum { NONE, LOSS, ALIKE, UNKNOWN };

static const struct {
    const char *testing, *enforce;
    int change; /* the difference that mode enforce makes */
    mta_sts_severity severity;
} effects[] = {
    [MTA_STS_MX_SECURE] = {"delivers over TLS", "delivers over verified TLS", NONE, MTA_STS_OK},
    [MTA_STS_MX_UNVERIFIED] = {"delivers over TLS without verification, and reports it",
                               "goes to the next MX host", LOSS, MTA_STS_ERROR},
    [MTA_STS_MX_PLAIN] = {"delivers without TLS, and reports it", "goes to the next MX host", LOSS,
                          MTA_STS_ERROR},
    [MTA_STS_MX_UNCOVERED] = {"delivers, and reports it", "goes to the next MX host", LOSS,
                              MTA_STS_ERROR},
    [MTA_STS_MX_CLOSED] = {"goes to the next MX host", "goes to the next MX host", ALIKE,
                           MTA_STS_ERROR},
    [MTA_STS_MX_ABSENT] = {"goes to the next MX host", "goes to the next MX host", ALIKE,
                           MTA_STS_ERROR},
    [MTA_STS_MX_NOT_NOW] = {"goes to the next MX host, or tries again later",
                            "goes to the next MX host, or tries again later", UNKNOWN,
                            MTA_STS_WARNING},
    [MTA_STS_MX_UNSEEN] = {"may or may not deliver", "may or may not deliver", UNKNOWN,
                           MTA_STS_UNKNOWN},
};

const char *mta_sts_mx_effect_in_testing(mta_sts_mx_effect effect)
{
    return effects[effect].testing;
}

const char *mta_sts_mx_effect_in_enforce(mta_sts_mx_effect effect)
{
    return effects[effect].enforce;
}

int mta_sts_mx_effect_is_loss(mta_sts_mx_effect effect)
{
    return effects[effect].change == LOSS;
}

int mta_sts_mx_effect_is_undeliverable(mta_sts_mx_effect effect)
{
    return effects[effect].change == ALIKE;
}

int mta_sts_mx_effect_is_unknown(mta_sts_mx_effect effect)
{
    return effects[effect].change == UNKNOWN;
}

mta_sts_severity mta_sts_mx_effect_severity(mta_sts_mx_effect effect)
{
    return effects[effect].severity;
}
