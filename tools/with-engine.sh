#!/bin/bash
# with-engine.sh COMMAND...: runs the command with a Docker engine that answers at $DOCKER_HOST, or at
# /var/run/docker.sock when that is unset. If none answers, starts dockerd in the background and ends it, and only it,
# afterwards. The exit status is the command's.
set -euo pipefail

socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
answers() {
  case $socket in
    unix://*) curl -sf --max-time 5 --unix-socket "${socket#unix://}" http://engine/_ping >/dev/null ;;
    tcp://*) curl -sf --max-time 5 "http://${socket#tcp://}/_ping" >/dev/null ;;
    *) echo "with-engine: DOCKER_HOST=$socket: only unix:// and tcp:// are known" >&2; exit 2 ;;
  esac
}

# Two callers at once must not start two engines. The lock is held until the engine answers, not while the command runs.
exec 9>/tmp/ecs-with-engine.lock
flock -w 120 9
if answers; then
  exec 9>&-
  exec "$@"
fi
if [[ $socket != unix:///var/run/docker.sock ]]; then
  echo "with-engine: no engine answers at DOCKER_HOST=$socket" >&2
  exit 1
fi
if ((EUID)); then
  echo "with-engine: no engine answers at $socket; start one, or run this as root" >&2
  exit 1
fi

log=$(mktemp /tmp/dockerd-XXXXXX.log)
engine=
stop_engine() {
  [[ -n $engine ]] || return 0
  kill "$engine" 2>/dev/null || true
  for _ in $(seq 100); do
    kill -0 "$engine" 2>/dev/null || break
    sleep 0.1
  done
  kill -9 "$engine" 2>/dev/null || true
  wait "$engine" 2>/dev/null || true
  engine=
}
# try OPTIONS...: an engine with these options answers within 30 s.
try() {
  setsid dockerd "$@" >>"$log" 2>&1 9>&- </dev/null &
  engine=$!
  for _ in $(seq 150); do
    answers && return 0
    kill -0 "$engine" 2>/dev/null || break
    sleep 0.2
  done
  stop_engine
  rm -f /var/run/docker.pid
  return 1
}
trap 'stop_engine; rm -f "$log"' EXIT
trap : INT TERM

mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null || true
if ! try && ! try --storage-driver=vfs; then
  # A kernel without nftables: the older interface to the firewall.
  update-alternatives --set iptables /usr/sbin/iptables-legacy >/dev/null 2>&1 || true
  update-alternatives --set ip6tables /usr/sbin/ip6tables-legacy >/dev/null 2>&1 || true
  if ! try && ! try --storage-driver=vfs; then
    echo "with-engine: dockerd does not start; its log ends:" >&2
    tail -n 20 "$log" >&2
    exit 1
  fi
fi
exec 9>&-

# In the foreground, so that the terminal's Ctrl-C reaches the command; the engine, in a session of its own, stays until
# the command has cleaned up.
status=0
"$@" || status=$?
exit "$status"
