#!/bin/busybox sh
# The first process of the guest: this host's root, the tools beneath and memory above it.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
while read -r module; do
    $b insmod "/modules/$module" || $b echo "init: $module does not load"
done </modules/order

shared() { $b mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$2" "$1" "/$1"; }
shared host ro,cache=loose
shared tools ro,cache=loose
shared results rw,cache=none

$b mount -t tmpfs tmpfs /upper
$b mkdir /upper/u /upper/w
$b mount -t overlay -o lowerdir=/host:/tools,upperdir=/upper/u,workdir=/upper/w overlay /new
for place in proc sys dev; do
    $b mount -o move "/$place" "/new/$place"
done
# Nothing over /tmp or /mnt: the checkout may be there.
$b mount -t tmpfs tmpfs /new/run
$b mkdir -p /new/run/lock /new/run/results /new/dev/pts /new/dev/shm
$b mount -t tmpfs tmpfs /new/dev/shm
$b mount -o move /results /new/run/results
# The modules are the guest's, whatever this host has in their place.
$b mkdir -p /new/lib/modules
$b mount -o bind /tools/lib/modules /new/lib/modules
# So that the kernel, too, finds modprobe.
exec $b switch_root /new /bin/sh /run/results/run.sh
