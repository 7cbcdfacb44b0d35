// SPDX-License-Identifier: Apache-2.0
/*
 * Kerberos by MIT's GSS-API: struct kerberos_module of auth/kerberos.h. A file of its own,
 * smbkit-kerberos-auth.so, which the server loads when it is given a keytab: nothing else links
 * the library.
 *
 * Only tickets are accepted that are for a key of the keytab, whatever the service's name.
 *
 * Threads: an acceptor is read by all; an exchange belongs to one thread at a time. The library
 * locks its replay cache by itself.
 */
#include "auth/kerberos.h"
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <profile.h>
#include <smbkit/vfs.h>
#include <stdio.h>
#include <string.h>

struct acceptor {
    gss_cred_id_t keys;
    /* By how much the library lets a ticket live on after its end: it counts that as lifetime */
    uint32_t skew;
};

struct exchange {
    struct acceptor *acceptor;
    gss_ctx_id_t gss;
};

#define SKEW_DEFAULT 300

/* The library's words for the mechanism's code, or for the interface's. */
static void explain(OM_uint32 major, OM_uint32 minor, char reason[KERBEROS_REASON_MAX])
{
    OM_uint32 ignored, more = 0;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    OM_uint32 rc = minor != 0 ? gss_display_status(&ignored, minor, GSS_C_MECH_CODE,
                                                   (gss_OID)gss_mech_krb5, &more, &text)
                              : gss_display_status(&ignored, major, GSS_C_GSS_CODE, GSS_C_NO_OID,
                                                   &more, &text);
    if (GSS_ERROR(rc))
        snprintf(reason, KERBEROS_REASON_MAX, "error %u.%u", (unsigned)major, (unsigned)minor);
    else
        snprintf(reason, KERBEROS_REASON_MAX, "%.*s", (int)text.length, (const char *)text.value);
    gss_release_buffer(&ignored, &text);
}

/* --- the keytab --- */

static uint32_t read_skew(void)
{
    krb5_context k;
    profile_t profile;
    int skew = SKEW_DEFAULT;
    if (krb5_init_context(&k) != 0)
        return SKEW_DEFAULT;
    if (krb5_get_profile(k, &profile) == 0) {
        if (profile_get_integer(profile, "libdefaults", "clockskew", NULL, SKEW_DEFAULT, &skew) !=
                0 ||
            skew < 0)
            skew = SKEW_DEFAULT;
        profile_release(profile);
    }
    krb5_free_context(k);
    return (uint32_t)skew;
}

static void *acceptor_open(const char *keytab, char error[KERBEROS_REASON_MAX])
{
    gss_key_value_element_desc where = {"keytab", keytab};
    gss_key_value_set_desc store = {1, &where};
    gss_OID_set_desc mechs = {1, (gss_OID)gss_mech_krb5};
    OM_uint32 minor;
    struct acceptor *a = smbkit_alloc(sizeof *a);
    if (a == NULL) {
        snprintf(error, KERBEROS_REASON_MAX, "out of memory");
        return NULL;
    }
    *a = (struct acceptor){.keys = GSS_C_NO_CREDENTIAL, .skew = read_skew()};
    OM_uint32 major = gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechs,
                                            GSS_C_ACCEPT, &store, &a->keys, NULL, NULL);
    if (!GSS_ERROR(major))
        return a;
    explain(major, minor, error);
    smbkit_free(a);
    return NULL;
}

static void acceptor_close(void *acceptor)
{
    struct acceptor *a = acceptor;
    OM_uint32 minor;
    gss_release_cred(&minor, &a->keys);
    smbkit_free(a);
}

/* --- an exchange --- */

static void *exchange_create(void *acceptor)
{
    struct exchange *e = smbkit_alloc(sizeof *e);
    if (e != NULL)
        *e = (struct exchange){acceptor, GSS_C_NO_CONTEXT};
    return e;
}

static void exchange_destroy(void *exchange)
{
    struct exchange *e = exchange;
    OM_uint32 minor;
    gss_delete_sec_context(&minor, &e->gss, GSS_C_NO_BUFFER);
    smbkit_free(e);
}

static bool put_name(gss_name_t name, char dst[KERBEROS_PRINCIPAL_MAX])
{
    OM_uint32 minor;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    bool ok = name != GSS_C_NO_NAME && !GSS_ERROR(gss_display_name(&minor, name, &text, NULL)) &&
              text.length < KERBEROS_PRINCIPAL_MAX && memchr(text.value, '\0', text.length) == NULL;
    if (ok) {
        memcpy(dst, text.value, text.length);
        dst[text.length] = '\0';
    }
    gss_release_buffer(&minor, &text);
    return ok;
}

/* The key, and behind it the object identifier of its type. */
static bool put_key(gss_ctx_id_t gss, struct kerberos_answer *out)
{
    OM_uint32 minor;
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    bool ok =
        !GSS_ERROR(gss_inquire_sec_context_by_oid(&minor, gss, GSS_C_INQ_SSPI_SESSION_KEY, &set)) &&
        set != GSS_C_NO_BUFFER_SET && set->count > 0 && set->elements[0].length > 0 &&
        set->elements[0].length <= sizeof out->key;
    if (ok) {
        out->key_len = set->elements[0].length;
        memcpy(out->key, set->elements[0].value, out->key_len);
    }
    gss_release_buffer_set(&minor, &set);
    return ok;
}

static enum kerberos_result established(const struct exchange *e, uint32_t lifetime,
                                        struct kerberos_answer *out)
{
    OM_uint32 minor;
    gss_name_t client = GSS_C_NO_NAME, service = GSS_C_NO_NAME;
    gss_OID mech = GSS_C_NO_OID;
    OM_uint32 major =
        gss_inquire_context(&minor, e->gss, &client, &service, NULL, &mech, NULL, NULL, NULL);
    bool ok = !GSS_ERROR(major) && put_name(client, out->client) &&
              put_name(service, out->service) && put_key(e->gss, out);
    gss_release_name(&minor, &client);
    gss_release_name(&minor, &service);
    out->lifetime = lifetime > e->acceptor->skew ? lifetime - e->acceptor->skew : 0;
    if (ok)
        return KERBEROS_DONE;
    snprintf(out->reason, sizeof out->reason, "the library does not say who that is");
    return KERBEROS_REFUSED;
}

static void exchange_accept(void *exchange, const uint8_t *in, size_t len,
                            struct kerberos_answer *out)
{
    struct exchange *e = exchange;
    gss_buffer_desc token = {len, (void *)(uintptr_t)in}, answer = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, ignored, lifetime = 0;
    OM_uint32 major = gss_accept_sec_context(&minor, &e->gss, e->acceptor->keys, &token,
                                             GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &answer, NULL,
                                             &lifetime, NULL);
    out->result = KERBEROS_REFUSED;
    if (answer.length <= sizeof out->token && answer.length > 0) {
        memcpy(out->token, answer.value, answer.length);
        out->token_len = answer.length;
    }
    if (GSS_ERROR(major)) {
        explain(major, minor, out->reason);
        if (minor == (OM_uint32)KRB5KRB_AP_ERR_SKEW && out->token_len > 0)
            out->result = KERBEROS_RETRY;
        gss_delete_sec_context(&ignored, &e->gss, GSS_C_NO_BUFFER);
    } else if (out->token_len != answer.length) {
        snprintf(out->reason, sizeof out->reason, "an answer of %zu bytes", answer.length);
    } else if (major & GSS_S_CONTINUE_NEEDED) {
        out->result = KERBEROS_CONTINUE;
    } else {
        out->result = established(e, lifetime, out);
    }
    gss_release_buffer(&ignored, &answer);
}

static size_t exchange_sign(void *exchange, const uint8_t *text, size_t len,
                            uint8_t mic[KERBEROS_MIC_MAX])
{
    struct exchange *e = exchange;
    gss_buffer_desc message = {len, (void *)(uintptr_t)text}, out = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor;
    size_t n = 0;
    if (!GSS_ERROR(gss_get_mic(&minor, e->gss, GSS_C_QOP_DEFAULT, &message, &out)) &&
        out.length <= KERBEROS_MIC_MAX) {
        n = out.length;
        memcpy(mic, out.value, n);
    }
    gss_release_buffer(&minor, &out);
    return n;
}

static bool exchange_verify(void *exchange, const uint8_t *text, size_t len, const uint8_t *mic,
                            size_t mic_len)
{
    struct exchange *e = exchange;
    gss_buffer_desc message = {len, (void *)(uintptr_t)text};
    gss_buffer_desc token = {mic_len, (void *)(uintptr_t)mic};
    OM_uint32 minor;
    return gss_verify_mic(&minor, e->gss, &message, &token, NULL) == GSS_S_COMPLETE;
}

extern SMBKIT_API const struct kerberos_module smbkit_kerberos;
const struct kerberos_module smbkit_kerberos = {
    .version = KERBEROS_MODULE_VERSION,
    .answer_size = sizeof(struct kerberos_answer),
    .open = acceptor_open,
    .close = acceptor_close,
    .create = exchange_create,
    .destroy = exchange_destroy,
    .accept = exchange_accept,
    .sign = exchange_sign,
    .verify = exchange_verify,
};
