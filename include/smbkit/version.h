// SPDX-License-Identifier: Apache-2.0
/* The library's version and the mark of its public functions. */
#ifndef SMBKIT_VERSION_H
#define SMBKIT_VERSION_H

#define SMBKIT_VERSION_MAJOR 0
#define SMBKIT_VERSION_MINOR 1
#define SMBKIT_VERSION_PATCH 0
#define SMBKIT_VERSION       "0.1.0"

#if defined(_WIN32)
#define SMBKIT_API __declspec(dllexport)
#elif defined(__GNUC__)
#define SMBKIT_API __attribute__((visibility("default")))
#else
#define SMBKIT_API
#endif

#endif
