/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/shape.h"

#include <stddef.h>

#define KEY(key)        \
    {                   \
        key, NULL, NULL \
    }
#define OBJECT(key, shape) \
    {                      \
        key, shape, NULL   \
    }
#define SORTED(key, shape, sort_by) \
    {                               \
        key, shape, sort_by         \
    }
#define END              \
    {                    \
        NULL, NULL, NULL \
    }

/* A shape whose list of fields is the rest of the arguments. */
#define SHAPE(name, ...)                                                  \
    static const struct shape_field name##_fields[] = {__VA_ARGS__, END}; \
    static const struct shape name = {false, name##_fields}
#define PUBLIC_SHAPE(name, ...)                                           \
    static const struct shape_field name##_fields[] = {__VA_ARGS__, END}; \
    const struct shape name = {false, name##_fields}

static const struct shape map = {true, NULL};

/* Inside a container. */
SHAPE(key_value, KEY("name"), KEY("value"));
SHAPE(secret, KEY("name"), KEY("valueFrom"));
SHAPE(credentials, KEY("credentialsParameter"));
SHAPE(restart_policy, KEY("enabled"), KEY("ignoredExitCodes"), KEY("restartAttemptPeriod"));
SHAPE(environment_file, KEY("value"), KEY("type"));
SHAPE(mount_point, KEY("sourceVolume"), KEY("containerPath"), KEY("readOnly"));
SHAPE(volume_from, KEY("sourceContainer"), KEY("readOnly"));
SHAPE(capabilities, SORTED("add", NULL, ""), SORTED("drop", NULL, ""));
SHAPE(device, KEY("hostPath"), KEY("containerPath"), KEY("permissions"));
SHAPE(tmpfs, KEY("containerPath"), KEY("size"), KEY("mountOptions"));
SHAPE(linux_parameters, OBJECT("capabilities", &capabilities), OBJECT("devices", &device),
      KEY("initProcessEnabled"), KEY("sharedMemorySize"), OBJECT("tmpfs", &tmpfs), KEY("maxSwap"),
      KEY("swappiness"));
SHAPE(dependency, KEY("containerName"), KEY("condition"));
SHAPE(extra_host, KEY("hostname"), KEY("ipAddress"));
SHAPE(ulimit, KEY("name"), KEY("softLimit"), KEY("hardLimit"));
SHAPE(log_configuration, KEY("logDriver"), OBJECT("options", &map),
      SORTED("secretOptions", &secret, "name"));
SHAPE(system_control, KEY("namespace"), KEY("value"));
SHAPE(resource_requirement, KEY("value"), KEY("type"));
SHAPE(firelens, KEY("type"), OBJECT("options", &map));

PUBLIC_SHAPE(shape_port_mapping, KEY("containerPort"), KEY("hostPort"), KEY("protocol"),
             KEY("name"), KEY("appProtocol"), KEY("containerPortRange"));
PUBLIC_SHAPE(shape_health_check, KEY("command"), KEY("interval"), KEY("timeout"), KEY("retries"),
             KEY("startPeriod"));

PUBLIC_SHAPE(shape_container, KEY("name"), KEY("image"),
             OBJECT("repositoryCredentials", &credentials), KEY("cpu"), KEY("memory"),
             KEY("memoryReservation"), KEY("links"),
             SORTED("portMappings", &shape_port_mapping, "containerPort"), KEY("essential"),
             OBJECT("restartPolicy", &restart_policy), KEY("entryPoint"), KEY("command"),
             SORTED("environment", &key_value, "name"),
             OBJECT("environmentFiles", &environment_file), OBJECT("mountPoints", &mount_point),
             OBJECT("volumesFrom", &volume_from), OBJECT("linuxParameters", &linux_parameters),
             SORTED("secrets", &secret, "name"), OBJECT("dependsOn", &dependency),
             KEY("startTimeout"), KEY("stopTimeout"), KEY("versionConsistency"), KEY("hostname"),
             KEY("user"), KEY("workingDirectory"), KEY("disableNetworking"), KEY("privileged"),
             KEY("readonlyRootFilesystem"), KEY("dnsServers"), KEY("dnsSearchDomains"),
             OBJECT("extraHosts", &extra_host), KEY("dockerSecurityOptions"), KEY("interactive"),
             KEY("pseudoTerminal"), OBJECT("dockerLabels", &map), OBJECT("ulimits", &ulimit),
             OBJECT("logConfiguration", &log_configuration),
             OBJECT("healthCheck", &shape_health_check), OBJECT("systemControls", &system_control),
             OBJECT("resourceRequirements", &resource_requirement),
             OBJECT("firelensConfiguration", &firelens), KEY("credentialSpecs"));

/* Volumes. */
SHAPE(host_volume, KEY("sourcePath"));
SHAPE(docker_volume, KEY("scope"), KEY("autoprovision"), KEY("driver"), OBJECT("driverOpts", &map),
      OBJECT("labels", &map));
SHAPE(efs_authorization, KEY("accessPointId"), KEY("iam"));
SHAPE(efs_volume, KEY("fileSystemId"), KEY("rootDirectory"), KEY("transitEncryption"),
      KEY("transitEncryptionPort"), OBJECT("authorizationConfig", &efs_authorization));
SHAPE(s3files_volume, KEY("fileSystemArn"), KEY("rootDirectory"), KEY("transitEncryptionPort"),
      KEY("accessPointArn"));
SHAPE(fsx_authorization, KEY("credentialsParameter"), KEY("domain"));
SHAPE(fsx_volume, KEY("fileSystemId"), KEY("rootDirectory"),
      OBJECT("authorizationConfig", &fsx_authorization));
SHAPE(volume, KEY("name"), OBJECT("host", &host_volume), KEY("configuredAtLaunch"),
      OBJECT("dockerVolumeConfiguration", &docker_volume),
      OBJECT("efsVolumeConfiguration", &efs_volume),
      OBJECT("s3filesVolumeConfiguration", &s3files_volume),
      OBJECT("fsxWindowsFileServerVolumeConfiguration", &fsx_volume));

/* The task. */
SHAPE(placement_constraint, KEY("type"), KEY("expression"));
SHAPE(tag, KEY("key"), KEY("value"));
SHAPE(proxy, KEY("type"), KEY("containerName"), SORTED("properties", &key_value, "name"));
SHAPE(accelerator, KEY("deviceName"), KEY("deviceType"));
SHAPE(ephemeral_storage, KEY("sizeInGiB"));
SHAPE(runtime_platform, KEY("cpuArchitecture"), KEY("operatingSystemFamily"));

PUBLIC_SHAPE(shape_task_definition, KEY("family"), KEY("taskRoleArn"), KEY("executionRoleArn"),
             KEY("networkMode"), SORTED("containerDefinitions", &shape_container, "name"),
             SORTED("volumes", &volume, "name"),
             OBJECT("placementConstraints", &placement_constraint),
             SORTED("requiresCompatibilities", NULL, ""), KEY("cpu"), KEY("memory"),
             SORTED("tags", &tag, "key"), KEY("pidMode"), KEY("ipcMode"),
             OBJECT("proxyConfiguration", &proxy), OBJECT("inferenceAccelerators", &accelerator),
             OBJECT("ephemeralStorage", &ephemeral_storage),
             OBJECT("runtimePlatform", &runtime_platform), KEY("enableFaultInjection"));
