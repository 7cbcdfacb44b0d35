// SPDX-License-Identifier: Apache-2.0
/* Who sees a change. */
#include "core/viewer.h"
#include "base/utf.h"
#include "core/open.h"
#include "core/session.h"
#include <string.h>

/* As the plugin knows him: smbkit_op_user(). */
const char *viewer_user(const struct core_open *o)
{
    const char *user = o->session != NULL ? o->session->user : o->durable.user;
    return user != NULL ? user : "";
}

const char *viewer_of(const struct core_open *o)
{
    return vfs_volume_capabilities(o->volume) & SMBKIT_CAP_PER_USER ? viewer_user(o) : NULL;
}

bool viewer_sees(const struct core_open *o, const char *user)
{
    if (user == NULL)
        return true;
    const char *own = viewer_user(o);
    return utf8_casecmp(own, strlen(own), user, strlen(user)) == 0;
}
