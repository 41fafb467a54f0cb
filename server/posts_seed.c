/* SPDX-License-Identifier: Apache-2.0 */
#include "server/posts_seed.h"

#include "base/attr.h"

const struct posts_seed posts_seed[] = {
    {"A quota is not a core",
     "A task of one vCPU may run on every core the host has, for a hundred milliseconds of CPU "
     "time in each hundred milliseconds. Counting cores therefore tells a program about the "
     "machine and nothing about itself.",
     "Mara Lindqvist", "2024-01-08T09:00:00Z"},
    {"Two times n plus one, and n of what?",
     "The old rule for blocking workers is good as long as n is the CPU you pay for. With n taken "
     "from a host of 64 cores, a small task starts 129 interpreters and spends its memory before "
     "the first request arrives.",
     "Tomasz Okafor", "2024-01-15T09:00:00Z"},
    {"What throttling looks like from outside",
     "Nothing fails. The median stays where it was, and every so often an answer takes the rest "
     "of the period longer. If your slowest requests differ by almost exactly one tenth of a "
     "second, look at the throttle counters first.",
     "Ines Haddad", "2024-01-22T09:00:00Z"},
    {"Reading cpu.max without surprises",
     "Two numbers, or the word max and a number. The tricky part is not the file but the tree "
     "above it: the lowest limit of all ancestors counts, and some of them may be hidden from a "
     "container.",
     "Jonas Feld", "2024-01-29T09:00:00Z"},
    {"Shares are manners, not limits",
     "A weight says who goes first when everybody wants to run. Alone on a quiet host, a "
     "container with the smallest weight gets everything. Deriving a worker count from shares "
     "gives a number, but not a reason for it.",
     "Mara Lindqvist", "2024-02-05T09:00:00Z"},
    {"The metadata endpoint knows",
     "Inside a Fargate task the limit of the whole task may be set where no file of the container "
     "shows it. One small HTTP request to a link-local address answers what a walk through /sys "
     "cannot.",
     "Priya Raman", "2024-02-12T09:00:00Z"},
    {"Images from nothing",
     "A static program needs no distribution around it. An image with one file in one layer is "
     "pulled before the health check asks for the first time, and its list of vulnerabilities "
     "fits on a card.",
     "Tomasz Okafor", "2024-02-19T09:00:00Z"},
    {"The same bytes twice",
     "Build it on Monday, build it on Friday, compare the digests. When they agree, a cache can be "
     "trusted, a review has an object, and nobody needs to ask which laptop the release came "
     "from.",
     "Ines Haddad", "2024-02-26T09:00:00Z"},
    {"Why the clock is in your archive",
     "Most differences between two builds are times: of files, of folders, of the archive itself. "
     "Setting all of them to one agreed moment costs a line and removes a whole class of "
     "questions.",
     "Jonas Feld", "2024-03-04T09:00:00Z"},
    {"Who reaps the orphans?",
     "The first process of a container inherits every child whose parent went away. If it never "
     "waits for them, they stay in the table as names without a program. A server that runs "
     "alone has to be its own init.",
     "Priya Raman", "2024-03-11T09:00:00Z"},
    {"Thirty seconds to say goodbye",
     "A stop begins with a polite signal and ends with a rude one. What a server does between "
     "the two decides whether a deployment is an event for its users or for nobody.",
     "Mara Lindqvist", "2024-03-18T09:00:00Z"},
    {"Keep alive longer than your balancer",
     "When a load balancer reuses a connection in the very moment the server closes it, the "
     "client sees an error that no log of yours explains. Let the server be the one who waits "
     "longer.",
     "Tomasz Okafor", "2024-03-25T09:00:00Z"},
    {"One listening socket each",
     "Workers that share a listening socket share it unfairly: whoever is awake takes the next "
     "connection as well. A socket for each worker lets the kernel deal them out before anyone "
     "wakes up.",
     "Ines Haddad", "2024-04-01T09:00:00Z"},
    {"Slow clients cost memory, not threads",
     "A thousand people who type their requests one letter a second are a test of how a server "
     "waits. If waiting takes a process, three of them are enough to close the shop.",
     "Jonas Feld", "2024-04-08T09:00:00Z"},
    {"Strict about line ends",
     "Two programs that disagree about where a request ends can be made to disagree about who "
     "sent it. The safest reading of an odd line is no reading at all.",
     "Priya Raman", "2024-04-15T09:00:00Z"},
    {"Health checks should be boring",
     "A check that opens the database, asks three services and renders a page will one day take "
     "down a fleet that was only a little slow. Answer that the process lives, and measure the "
     "rest elsewhere.",
     "Mara Lindqvist", "2024-04-22T09:00:00Z"},
    {"Read-only until proven otherwise",
     "A root file system that nothing can write to turns many attacks into error messages. It "
     "also finds the forgotten temporary file on the first day instead of the last.",
     "Tomasz Okafor", "2024-04-29T09:00:00Z"},
    {"Validate before you register",
     "A task definition with an impossible pair of CPU and memory is refused in a second by the "
     "service, or in a millisecond by a table on your own machine, with the nearest pairs that "
     "would have worked.",
     "Ines Haddad", "2024-05-06T09:00:00Z"},
    {"Measure in pairs",
     "A benchmark on a busy machine tells the weather. Run both candidates in turns, compare each "
     "run with its neighbour, and the weather falls on both alike.",
     "Jonas Feld", "2024-05-13T09:00:00Z"},
    {"Small enough to understand",
     "A tool earns trust when its answer comes with the reason for it: this many workers, for "
     "this much CPU, read from this file. Everything else is a number to be believed.",
     "Priya Raman", "2024-05-20T09:00:00Z"},
};

const size_t posts_seed_n = ARRAY_LEN(posts_seed);
