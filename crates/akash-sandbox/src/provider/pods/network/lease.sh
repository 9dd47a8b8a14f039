# The namespace of a lease's network, as the kernel made it, becomes a switch for the lease's pods: sh -c … lease DOOR FOLDER GATEWAY
# Nothing of the host is on it: there is no cable out.
set -e
PATH=$PATH:/usr/sbin:/sbin
ip link set lo up
ip link add name pods type bridge
ip address add "$3/16" dev pods
ip link set pods up
# Only so that whatever a pod sends elsewhere is refused at once instead of vanishing: there is nowhere to forward it to.
echo 1 >/proc/sys/net/ipv4/ip_forward
exec python3 -I -S -c "$1" "$2"
