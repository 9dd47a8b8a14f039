# The namespace of a lease's network, as the kernel made it, becomes a switch for the lease's pods:
#   sh -c … lease DOOR FOLDER GATEWAY CLOSED…
# Nothing of the host is on it. What the pods send elsewhere goes to whatever way out is made later, and is refused at once while there is
# none; what goes to a CLOSED network is refused always.
set -e
PATH=$PATH:/usr/sbin:/sbin
door=$1 folder=$2 gateway=$3
shift 3
ip link set lo up
ip link add name pods type bridge
ip address add "$gateway/16" dev pods
ip link set pods up
for closed in "$@"; do ip route replace unreachable "$closed"; done
echo 1 >/proc/sys/net/ipv4/ip_forward
# Whatever stands at the end of the way out finds the pods behind this namespace.
echo 1 >/proc/sys/net/ipv4/conf/default/proxy_arp
exec python3 -I -S -c "$door" "$folder"
