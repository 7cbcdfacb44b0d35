// SPDX-License-Identifier: Apache-2.0
/*
 * NTSTATUS: how every operation ends. One table, one row per value: names and values as in
 * [MS-ERREF] 2.3.1, texts for people. Sorted by value; a new row needs nothing else.
 *
 * Compiles alone as C11 and C++17.
 */
#ifndef SMBKIT_STATUS_H
#define SMBKIT_STATUS_H

#include <smbkit/version.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Any NTSTATUS, also one that is not in the table: plugins may answer with what they like. */
typedef uint32_t smbkit_status;

#define SMBKIT_STATUS_TABLE(X)                                                                 \
    X(SUCCESS, 0x00000000, "done")                                                             \
    X(PENDING, 0x00000103, "the answer comes later")                                           \
    X(REPARSE, 0x00000104, "the name leads to a symbolic link")                                \
    X(MORE_ENTRIES, 0x00000105, "there is more to come")                                       \
    X(SOME_NOT_MAPPED, 0x00000107, "some names could not be mapped")                           \
    X(OPLOCK_BREAK_IN_PROGRESS, 0x00000108, "an oplock break is under way")                    \
    X(NOTIFY_CLEANUP, 0x0000010B, "the watched handle was closed")                             \
    X(NOTIFY_ENUM_DIR, 0x0000010C, "too many changes: list the folder again")                  \
    X(OBJECT_NAME_EXISTS, 0x40000000, "the object existed before")                             \
    X(BUFFER_OVERFLOW, 0x80000005, "more data than the buffer holds")                          \
    X(NO_MORE_FILES, 0x80000006, "no more entries")                                            \
    X(NO_MORE_EAS, 0x80000012, "no more extended attributes")                                  \
    X(INVALID_EA_NAME, 0x80000013, "the name of an extended attribute is not valid")           \
    X(EA_LIST_INCONSISTENT, 0x80000014, "the list of extended attributes is not consistent")   \
    X(NO_MORE_ENTRIES, 0x8000001A, "no more entries")                                          \
    X(STOPPED_ON_SYMLINK, 0x8000002D, "a symbolic link in the path")                           \
    X(UNSUCCESSFUL, 0xC0000001, "failed")                                                      \
    X(NOT_IMPLEMENTED, 0xC0000002, "not implemented")                                          \
    X(INVALID_INFO_CLASS, 0xC0000003, "unknown information class")                             \
    X(INFO_LENGTH_MISMATCH, 0xC0000004, "wrong length for this information class")             \
    X(INVALID_HANDLE, 0xC0000008, "no such handle")                                            \
    X(INVALID_PARAMETER, 0xC000000D, "a parameter is not valid")                               \
    X(NO_SUCH_DEVICE, 0xC000000E, "no such device")                                            \
    X(NO_SUCH_FILE, 0xC000000F, "no such file")                                                \
    X(INVALID_DEVICE_REQUEST, 0xC0000010, "not possible on this kind of object")               \
    X(END_OF_FILE, 0xC0000011, "behind the end of the file")                                   \
    X(MORE_PROCESSING_REQUIRED, 0xC0000016, "more messages are needed")                        \
    X(NO_MEMORY, 0xC0000017, "out of memory")                                                  \
    X(INVALID_VIEW_SIZE, 0xC000001F, "a range outside the file")                               \
    X(ACCESS_DENIED, 0xC0000022, "access denied")                                              \
    X(BUFFER_TOO_SMALL, 0xC0000023, "the buffer is too small")                                 \
    X(OBJECT_TYPE_MISMATCH, 0xC0000024, "wrong kind of object")                                \
    X(OBJECT_NAME_INVALID, 0xC0000033, "the name is not valid")                                \
    X(OBJECT_NAME_NOT_FOUND, 0xC0000034, "no such name")                                       \
    X(OBJECT_NAME_COLLISION, 0xC0000035, "the name exists already")                            \
    X(OBJECT_PATH_INVALID, 0xC0000039, "the path is not valid")                                \
    X(OBJECT_PATH_NOT_FOUND, 0xC000003A, "no such path")                                       \
    X(OBJECT_PATH_SYNTAX_BAD, 0xC000003B, "the path is not well formed")                       \
    X(DATA_ERROR, 0xC000003E, "the data are damaged")                                          \
    X(CRC_ERROR, 0xC000003F, "wrong checksum")                                                 \
    X(SHARING_VIOLATION, 0xC0000043, "open elsewhere in a mode that excludes this")            \
    X(QUOTA_EXCEEDED, 0xC0000044, "quota exceeded")                                            \
    X(EAS_NOT_SUPPORTED, 0xC000004F, "no extended attributes here")                            \
    X(EA_TOO_LARGE, 0xC0000050, "the extended attributes are too large")                       \
    X(NONEXISTENT_EA_ENTRY, 0xC0000051, "no such extended attribute")                          \
    X(NO_EAS_ON_FILE, 0xC0000052, "the file has no extended attributes")                       \
    X(EA_CORRUPT_ERROR, 0xC0000053, "the extended attributes are damaged")                     \
    X(FILE_LOCK_CONFLICT, 0xC0000054, "the range is locked")                                   \
    X(LOCK_NOT_GRANTED, 0xC0000055, "the lock is held by someone else")                        \
    X(DELETE_PENDING, 0xC0000056, "about to be deleted")                                       \
    X(INVALID_OWNER, 0xC000005A, "not a valid owner")                                          \
    X(NO_IMPERSONATION_TOKEN, 0xC000005C, "no impersonation token")                            \
    X(NO_LOGON_SERVERS, 0xC000005E, "no server can check the logon")                           \
    X(NO_SUCH_LOGON_SESSION, 0xC000005F, "no such logon session")                              \
    X(NO_SUCH_PRIVILEGE, 0xC0000060, "no such privilege")                                      \
    X(PRIVILEGE_NOT_HELD, 0xC0000061, "a privilege is missing")                                \
    X(NO_SUCH_USER, 0xC0000064, "no such user")                                                \
    X(NO_SUCH_GROUP, 0xC0000066, "no such group")                                              \
    X(WRONG_PASSWORD, 0xC000006A, "wrong password")                                            \
    X(PASSWORD_RESTRICTION, 0xC000006C, "the password breaks a rule")                          \
    X(LOGON_FAILURE, 0xC000006D, "wrong user name or password")                                \
    X(ACCOUNT_RESTRICTION, 0xC000006E, "the account may not do this")                          \
    X(INVALID_LOGON_HOURS, 0xC000006F, "not at this time of day")                              \
    X(INVALID_WORKSTATION, 0xC0000070, "not from this computer")                               \
    X(PASSWORD_EXPIRED, 0xC0000071, "the password has expired")                                \
    X(ACCOUNT_DISABLED, 0xC0000072, "the account is disabled")                                 \
    X(NONE_MAPPED, 0xC0000073, "no name could be mapped")                                      \
    X(INVALID_ACL, 0xC0000077, "not a valid ACL")                                              \
    X(INVALID_SID, 0xC0000078, "not a valid SID")                                              \
    X(INVALID_SECURITY_DESCR, 0xC0000079, "not a valid security descriptor")                   \
    X(NO_TOKEN, 0xC000007C, "no token")                                                        \
    X(RANGE_NOT_LOCKED, 0xC000007E, "the range is not locked")                                 \
    X(DISK_FULL, 0xC000007F, "no space left")                                                  \
    X(INTEGER_OVERFLOW, 0xC0000095, "a number is too large")                                   \
    X(FILE_INVALID, 0xC0000098, "the file changed underneath")                                 \
    X(INSUFFICIENT_RESOURCES, 0xC000009A, "not enough resources")                              \
    X(DFS_EXIT_PATH_FOUND, 0xC000009B, "the path leaves this server")                          \
    X(MEDIA_WRITE_PROTECTED, 0xC00000A2, "read-only")                                          \
    X(BAD_IMPERSONATION_LEVEL, 0xC00000A5, "the impersonation level is not enough")            \
    X(PIPE_NOT_AVAILABLE, 0xC00000AC, "no free instance of the pipe")                          \
    X(INVALID_PIPE_STATE, 0xC00000AD, "the pipe is in another state")                          \
    X(PIPE_BUSY, 0xC00000AE, "the pipe is busy")                                               \
    X(ILLEGAL_FUNCTION, 0xC00000AF, "not possible")                                            \
    X(PIPE_DISCONNECTED, 0xC00000B0, "the pipe is disconnected")                               \
    X(PIPE_CLOSING, 0xC00000B1, "the other end of the pipe was closed")                        \
    X(PIPE_CONNECTED, 0xC00000B2, "the pipe is connected")                                     \
    X(PIPE_LISTENING, 0xC00000B3, "the pipe waits for a client")                               \
    X(INVALID_READ_MODE, 0xC00000B4, "not a valid read mode")                                  \
    X(IO_TIMEOUT, 0xC00000B5, "took too long")                                                 \
    X(FILE_FORCED_CLOSED, 0xC00000B6, "the file was closed by force")                          \
    X(FILE_IS_A_DIRECTORY, 0xC00000BA, "is a folder")                                          \
    X(NOT_SUPPORTED, 0xC00000BB, "not supported")                                              \
    X(DUPLICATE_NAME, 0xC00000BD, "the name is taken")                                         \
    X(BAD_NETWORK_PATH, 0xC00000BE, "no such network path")                                    \
    X(INVALID_NETWORK_RESPONSE, 0xC00000C3, "an answer that makes no sense")                   \
    X(NETWORK_NAME_DELETED, 0xC00000C9, "the share is gone")                                   \
    X(NETWORK_ACCESS_DENIED, 0xC00000CA, "network access denied")                              \
    X(BAD_DEVICE_TYPE, 0xC00000CB, "wrong kind of share")                                      \
    X(BAD_NETWORK_NAME, 0xC00000CC, "no such share")                                           \
    X(TOO_MANY_SESSIONS, 0xC00000CE, "too many sessions")                                      \
    X(REQUEST_NOT_ACCEPTED, 0xC00000D0, "no more connections or sessions are accepted")        \
    X(NOT_SAME_DEVICE, 0xC00000D4, "on another volume")                                        \
    X(FILE_RENAMED, 0xC00000D5, "the file was renamed")                                        \
    X(CANT_WAIT, 0xC00000D8, "cannot wait")                                                    \
    X(PIPE_EMPTY, 0xC00000D9, "nothing to read in the pipe")                                   \
    X(NO_SUCH_DOMAIN, 0xC00000DF, "no such domain")                                            \
    X(OPLOCK_NOT_GRANTED, 0xC00000E2, "the oplock was not granted")                            \
    X(INVALID_OPLOCK_PROTOCOL, 0xC00000E3, "not a valid answer to an oplock break")            \
    X(INTERNAL_ERROR, 0xC00000E5, "internal error")                                            \
    X(BAD_DESCRIPTOR_FORMAT, 0xC00000E7, "the security descriptor is malformed")               \
    X(INVALID_USER_BUFFER, 0xC00000E8, "the buffer is not valid")                              \
    X(DIRECTORY_NOT_EMPTY, 0xC0000101, "the folder is not empty")                              \
    X(FILE_CORRUPT_ERROR, 0xC0000102, "the file is damaged")                                   \
    X(NOT_A_DIRECTORY, 0xC0000103, "is not a folder")                                          \
    X(NAME_TOO_LONG, 0xC0000106, "the name is too long")                                       \
    X(TOO_MANY_OPENED_FILES, 0xC000011F, "too many open files")                                \
    X(CANCELLED, 0xC0000120, "cancelled")                                                      \
    X(CANNOT_DELETE, 0xC0000121, "cannot be deleted")                                          \
    X(FILE_DELETED, 0xC0000123, "the file was deleted")                                        \
    X(FILE_CLOSED, 0xC0000128, "the handle was closed")                                        \
    X(PIPE_BROKEN, 0xC000014B, "the pipe is broken")                                           \
    X(NO_SUCH_ALIAS, 0xC0000151, "no such alias")                                              \
    X(LOGON_TYPE_NOT_GRANTED, 0xC000015B, "this kind of logon is not allowed")                 \
    X(INVALID_DEVICE_STATE, 0xC0000184, "not in this state")                                   \
    X(IO_DEVICE_ERROR, 0xC0000185, "input/output error")                                       \
    X(TRUSTED_RELATIONSHIP_FAILURE, 0xC000018D, "the trust between domains is broken")         \
    X(TRUST_FAILURE, 0xC0000190, "the trust is broken")                                        \
    X(ACCOUNT_EXPIRED, 0xC0000193, "the account has expired")                                  \
    X(FS_DRIVER_REQUIRED, 0xC000019C, "a file system driver is missing")                       \
    X(SHORT_NAMES_NOT_ENABLED_ON_VOLUME, 0xC000019F, "no short names here")                    \
    X(INVALID_LOCK_RANGE, 0xC00001A1, "not a valid lock range")                                \
    X(USER_SESSION_DELETED, 0xC0000203, "the session is gone")                                 \
    X(INSUFF_SERVER_RESOURCES, 0xC0000205, "the server is out of resources")                   \
    X(INVALID_BUFFER_SIZE, 0xC0000206, "wrong size of buffer")                                 \
    X(CONNECTION_DISCONNECTED, 0xC000020C, "the connection is gone")                           \
    X(CONNECTION_RESET, 0xC000020D, "the connection was reset")                                \
    X(PASSWORD_MUST_CHANGE, 0xC0000224, "the password must be changed first")                  \
    X(NOT_FOUND, 0xC0000225, "not found")                                                      \
    X(DUPLICATE_OBJECTID, 0xC000022A, "the object id is taken")                                \
    X(RETRY, 0xC000022D, "try again")                                                          \
    X(ACCOUNT_LOCKED_OUT, 0xC0000234, "the account is locked")                                 \
    X(NETWORK_UNREACHABLE, 0xC000023C, "the network cannot be reached")                        \
    X(PATH_NOT_COVERED, 0xC0000257, "not on this server")                                      \
    X(TOO_MANY_LINKS, 0xC0000265, "too many links")                                            \
    X(VOLUME_DISMOUNTED, 0xC000026E, "the volume is gone")                                     \
    X(NO_MATCH, 0xC0000272, "nothing matches")                                                 \
    X(NOT_A_REPARSE_POINT, 0xC0000275, "is not a reparse point")                               \
    X(IO_REPARSE_TAG_INVALID, 0xC0000276, "not a valid reparse tag")                           \
    X(IO_REPARSE_TAG_MISMATCH, 0xC0000277, "another reparse tag")                              \
    X(IO_REPARSE_DATA_INVALID, 0xC0000278, "the reparse data are not valid")                   \
    X(IO_REPARSE_TAG_NOT_HANDLED, 0xC0000279, "nobody handles this reparse tag")               \
    X(DIRECTORY_IS_A_REPARSE_POINT, 0xC0000281, "the folder is a reparse point")               \
    X(VOLUME_NOT_UPGRADED, 0xC000029C, "the volume cannot do that yet")                        \
    X(REPARSE_ATTRIBUTE_CONFLICT, 0xC00002B2, "a reparse point of another owner")              \
    X(OBJECTID_NOT_FOUND, 0xC00002F0, "no such object id")                                     \
    X(NETWORK_SESSION_EXPIRED, 0xC000035C, "the session has expired")                          \
    X(DOWNGRADE_DETECTED, 0xC0000388, "someone weakened the negotiation")                      \
    X(FILE_SYSTEM_LIMITATION, 0xC0000427, "more than the file system can do")                  \
    X(REQUEST_OUT_OF_SEQUENCE, 0xC000042A, "not in this order")                                \
    X(NO_RANGES_PROCESSED, 0xC0000460, "no range was processed")                               \
    X(DEVICE_FEATURE_NOT_SUPPORTED, 0xC0000463, "the device cannot do that")                   \
    X(DEVICE_UNREACHABLE, 0xC0000464, "the device cannot be reached")                          \
    X(INVALID_TOKEN, 0xC0000465, "not a valid token")                                          \
    X(SERVER_UNAVAILABLE, 0xC0000466, "the server is not available")                           \
    X(FILE_NOT_AVAILABLE, 0xC0000467, "the file is not available now")                         \
    X(SHARE_UNAVAILABLE, 0xC0000480, "the share is not available")                             \
    X(BAD_DATA, 0xC000090B, "damaged data")                                                    \
    X(INVALID_SIGNATURE, 0xC000A000, "wrong signature")                                        \
    X(AUTH_TAG_MISMATCH, 0xC000A002, "wrong authentication tag")                               \
    X(HASH_NOT_SUPPORTED, 0xC000A100, "no content hashes here")                                \
    X(HASH_NOT_PRESENT, 0xC000A101, "no content hash")                                         \
    X(OFFLOAD_READ_FLT_NOT_SUPPORTED, 0xC000A2A1, "no offloaded read here")                    \
    X(OFFLOAD_WRITE_FLT_NOT_SUPPORTED, 0xC000A2A2, "no offloaded write here")                  \
    X(OFFLOAD_READ_FILE_NOT_SUPPORTED, 0xC000A2A3, "no offloaded read of this file")           \
    X(OFFLOAD_WRITE_FILE_NOT_SUPPORTED, 0xC000A2A4, "no offloaded write of this file")         \
    X(SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP, 0xC05D0000, "no common hash for the negotiation") \
    X(SMB_BAD_CLUSTER_DIALECT, 0xC05D0001, "not the dialect of the cluster")

/* Values above INT_MAX in an enum are an extension in C before C23, one that every compiler of ours
   has; said so, or -Wpedantic complains in the plugin's build. */
/* clang-format off */
#define SMBKIT_STATUS_ENUM_ROW(name, value, text) SMBKIT_STATUS_##name = value,
#if defined(__GNUC__) && !defined(__cplusplus)
__extension__
#endif
enum {
    SMBKIT_STATUS_TABLE(SMBKIT_STATUS_ENUM_ROW)
};
/* clang-format on */
#undef SMBKIT_STATUS_ENUM_ROW

/* The top two bits ([MS-ERREF] 2.3): 0 success, 1 information, 2 warning, 3 error. */
static inline unsigned smbkit_status_severity(smbkit_status status)
{
    return status >> 30;
}

/* Done as asked: severity success (PENDING and NOTIFY_ENUM_DIR are among them). A warning is
   neither ok nor an error: BUFFER_OVERFLOW is answered with a full response body that holds a part
   of the data ([MS-SMB2] 3.3.4.4), NO_MORE_FILES with an error body. */
static inline bool smbkit_ok(smbkit_status status)
{
    return smbkit_status_severity(status) == 0;
}

/* Failed: severity error, 0xC0000000 and above. */
static inline bool smbkit_is_error(smbkit_status status)
{
    return smbkit_status_severity(status) == 3;
}

/* "STATUS_ACCESS_DENIED"; "STATUS_UNKNOWN" for a value that is not in the table. Never NULL, lives
   for ever; any thread. */
SMBKIT_API const char *smbkit_status_name(smbkit_status status);
/* "access denied"; likewise. */
SMBKIT_API const char *smbkit_status_text(smbkit_status status);

#ifdef __cplusplus
}
#endif

#endif
