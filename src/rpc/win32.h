// SPDX-License-Identifier: Apache-2.0
/* The Win32 and LAN Manager errors that management calls answer with ([MS-ERREF] 2.2). */
#ifndef RPC_WIN32_H
#define RPC_WIN32_H

#define NERR_Success             0u
#define ERROR_FILE_NOT_FOUND     2u
#define ERROR_ACCESS_DENIED      5u
#define ERROR_NOT_ENOUGH_MEMORY  8u
#define ERROR_GEN_FAILURE        31u
#define ERROR_NOT_SUPPORTED      50u
#define ERROR_INVALID_PARAMETER  87u
#define ERROR_INVALID_NAME       123u
#define ERROR_INVALID_LEVEL      124u
#define ERROR_MORE_DATA          234u
#define ERROR_PRIVILEGE_NOT_HELD 1314u
#define ERROR_CANT_ACCESS_FILE   1920u
#define NERR_UnknownDevDir       2116u
#define NERR_BufTooSmall         2123u
#define NERR_DuplicateShare      2118u
#define NERR_ClientNameNotFound  2312u
#define NERR_FileIdNotFound      2314u
#define NERR_NetNameNotFound     2310u
#define NERR_DeviceNotShared     2311u
#define NERR_UserNotFound        2221u

#endif
