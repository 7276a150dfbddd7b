# Starts one host: the first process of its namespaces, which becomes its sshd.
set -eu
umask 022
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$FOLDER/upper,workdir=$FOLDER/work" "$FOLDER/root"
cd "$FOLDER/root"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
drive=$(losetup --find --show "$FOLDER/image")
echo 0 >"/sys/block/${drive##*/}/queue/rotational" # the host's own drive may say that it rotates
mount "$drive" var/lib/postgresql
losetup --detach "$drive" # as soon as the mount is gone
chown 101:101 var/lib/postgresql
if [ -n "$WITHOUT_PYTHON" ]; then
    rm usr/bin/python3*
fi
if [ -n "$NOEXEC" ]; then
    mount -t tmpfs -o noexec,mode=1777 tmpfs var/tmp
fi
if [ -n "$SERVER" ]; then
    mkdir -p opt/postgresql var/run/postgresql
    mount --bind -o ro "$SERVER" opt/postgresql
    chown 101:101 var/run/postgresql
    cp -a "$DATA" var/lib/postgresql/data
    mkdir var/lib/postgresql/data/conf.d
    printf "listen_addresses = ''\ninclude_dir = 'conf.d'\n" >>var/lib/postgresql/data/postgresql.conf
    chown -R 101:101 var/lib/postgresql/data
    chroot . /etc/init.d/postgresql start
fi
hostname "$NAME"
echo "127.0.0.1 localhost $NAME" >etc/hosts
exec chroot . /usr/sbin/sshd -D -e
