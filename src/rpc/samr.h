// SPDX-License-Identifier: Apache-2.0
/*
 * The accounts of the machine, read-only ([MS-SAMR]). There are two domains: the machine's own,
 * with its users and one group, and Builtin with three aliases. Passwords and their hashes are not
 * here.
 */
#ifndef RPC_SAMR_H
#define RPC_SAMR_H

#include "rpc/handles.h"
#include "rpc/people.h"

#define SAMR_ENTRIES_MAX 65536u
#define SAMR_LOOKUP_MAX  1000u /* names or numbers in one call */

#define USER_ACCOUNT_DISABLED 0x00000001u
#define USER_NORMAL_ACCOUNT   0x00000010u
#define GROUP_ATTRIBUTES      0x00000007u /* mandatory, enabled by default, enabled */

/* What many calls take and give. */
struct samr_handle_in {
    uint8_t handle[RPC_HANDLE_SIZE];
};
extern const struct ndr_record samr_handle_in;

struct samr_class_in {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t cls;
};
extern const struct ndr_record samr_class_in;

struct samr_open_in {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t access, rid;
};
extern const struct ndr_record samr_open_in;

struct samr_open_out {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t status;
};
extern const struct ndr_record samr_open_out;

struct samr_text {
    const char *value;
};
extern const struct ndr_record samr_text;

struct samr_numbers {
    uint32_t count;
    const uint32_t *v;
};
extern const struct ndr_record samr_number, samr_numbers;

/* The enumerations: numbers with their names. */
struct samr_entry {
    uint32_t rid;
    const char *name;
};
struct samr_entries {
    uint32_t count;
    struct samr_entry *v;
};
struct samr_enum_out {
    uint32_t context;
    struct samr_entries *entries;
    uint32_t count, status;
};
extern const struct ndr_record samr_entry, samr_entries, samr_enum_out;

/* An info class of something, as a pointer to a union with a tag of 16 bits. */
struct samr_info {
    uint32_t cls;
    const void *arm;
};
struct samr_info_out {
    struct samr_info *info;
    uint32_t status;
};
#define SAMR_INFO_OUT(name, arms)                                                       \
    NDR_RECORD(name##_info, samr_info, NDR_U(NDR_UNION, samr_info, arm, cls, arms, 2)); \
    NDR_RECORD(name, samr_info_out, NDR_SUB(NDR_PTR, samr_info_out, info, name##_info), \
               NDR_F(NDR_U32, samr_info_out, status))

/* Sets *out for the class. INVALID_INFO_CLASS: there is none; INSUFFICIENT_RESOURCES. */
smbkit_status samr_answer_info(struct rpc_call *call, const struct ndr_arm *arms, uint32_t cls,
                               const void *arm, struct samr_info_out *out);
/* Who has this handle of that kind. NULL: INVALID_HANDLE, or memory is out. */
const struct rpc_person *samr_person(struct rpc_call *call, enum rpc_handle_kind kind,
                                     const uint8_t handle[RPC_HANDLE_SIZE]);

/* samr_domain.c */
extern const struct rpc_operation samr_query_domain, samr_enum_groups, samr_enum_users,
    samr_enum_aliases, samr_lookup_names, samr_lookup_ids, samr_query_display,
    samr_get_alias_membership, samr_rid_to_sid;
/* samr_user.c */
extern const struct rpc_operation samr_open_group, samr_query_group, samr_group_members,
    samr_open_alias, samr_query_alias, samr_alias_members, samr_open_user, samr_query_user,
    samr_user_groups;

#endif
