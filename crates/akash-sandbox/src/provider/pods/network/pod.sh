# Makes one container in the namespaces that the kernel made for it, and becomes the parent of its process 1:
#   sh -c … pod HOLDER GATEWAY ADDRESS NAME SHM NOTES FOLDER… -- COMMAND…
# The first FOLDER is where the command begins. Whoever reads 125 knows that the container was not made.
set -e
trap 'exit 125' EXIT
path=$PATH
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
holder=$1 gateway=$2 address=$3 name=$4 shm=$5 notes=$6
shift 6
begin=$1

# A cable to the lease's switch. The end of the container before may still hang there for a moment.
plug="v$address"
nsenter --target "$holder" --net ip link delete "$plug" 2>/dev/null || :
ip link set lo up
ip link add name eth0 type veth peer name "$plug" netns "$holder"
nsenter --target "$holder" --net ip link set "$plug" master pods up
ip address add "$address/16" dev eth0
ip link set eth0 up
ip route add default via "$gateway"
# As in a container of Kubernetes, where low ports take no privilege that it would not have.
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start

hostname "$name"
mount -t tmpfs -o "size=$shm,mode=1777" tmpfs /dev/shm
mount --bind "$notes/hosts" /etc/hosts
if [ -e /etc/resolv.conf ]; then mount --bind "$notes/resolv.conf" /etc/resolv.conf; fi
# A /tmp of its own, in which the folders that it uses are where they were.
while [ "$1" != -- ]; do
  case $1 in
    /tmp/*)
      mkdir -p "$SANDBOX_TMP/${1#/tmp/}"
      mount --bind "$1" "$SANDBOX_TMP/${1#/tmp/}"
      ;;
  esac
  shift
done
shift
mount --rbind "$SANDBOX_TMP" /tmp
cd "$begin"
# As a provider starts it: no privileges, and none to be had. SANDBOX_TMP stays with the parent, which is found by it.
exec unshare --pid --fork --mount-proc \
  setpriv --no-new-privs --inh-caps=-all --bounding-set=-all \
  setsid env --unset=SANDBOX_TMP --unset=PWD --unset=OLDPWD "PATH=$path" "$@"
