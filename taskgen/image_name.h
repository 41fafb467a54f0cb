/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TASKGEN_IMAGE_NAME_H
#define TASKGEN_IMAGE_NAME_H

/*
 * The name that a container and a family get when only the image is known: the last component of
 * its path, without tag and digest, in the letters that ECS takes for names.
 *
 *   berthd:latest                                  berthd
 *   host:5000/team/shop.api:2@sha256:...           shop-api
 */

/* The caller frees it; "" when the text has no such component. */
char *image_name(const char *image);

#endif
