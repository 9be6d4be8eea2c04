#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Programs from Debian's packages, and what they do to their connections; told
# in docs/field-guide.md. Each runs in the foreground with files of its own,
# never as the system's service.

bats_require_minimum_version 1.5.0
load helpers

subjects=()

setup() {
	needs_observer
	needs ss
}

eval "$(declare -f teardown | sed '1s/teardown/records_kept/')"

teardown() {
	local pid
	for pid in "${subjects[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	records_kept
}

# subject COMMAND...: runs it, $subject is its pid.
subject() {
	"$@" >>"$OUT/subject.log" 2>&1 </dev/null 3>&- &
	subject=$!
	subjects+=("$subject")
}

# listens PORT: somebody does.
listens() {
	[[ -n $(ss -Hltn "sport = :$1") ]]
}

# queued PORT: an accepted socket on that port has data nobody read.
queued() {
	ss -Htn state established "sport = :$1" | awk '$1 > 0 { found = 1 }
		END { exit !found }'
}

# read_all PORT: there is a connection to it, and nothing to read there.
read_all() {
	ss -Htn state established "sport = :$1" | awk '$1 > 0 { left = 1 }
		END { exit !NR || left }'
}

# data_from PORT: a client of it has data it did not read.
data_from() {
	ss -Htn state established "dport = :$1" | awk '$1 > 0 { found = 1 }
		END { exit !found }'
}

# requests_wait PORT N: N connections to it have data, nobody reads it.
requests_wait() {
	ss -Htn state established "sport = :$1" | awk -v n="$2" '
		$1 > 0 { found++ } END { exit found < n }'
}

# stopped PID: every thread of it has taken notice of SIGSTOP.
stopped() {
	! grep -h '^State:' "/proc/$1/task/"*/status | grep -qv 'T (stopped)'
}

# hang PID
hang() {
	kill -STOP "$1"
	until_true stopped "$1"
}

# gone PID: a child of this shell has ended.
gone() {
	[[ ! -e /proc/$1 || $(awk '/^State:/ { print $2 }' "/proc/$1/status") == Z ]]
}

# record EXPRESSION: a teardown record e for which Python says true.
record() {
	python3 -c '
import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    if not line.endswith("\n"):
        continue
    e = json.loads(line)
    if e["type"] != "teardown":
        continue
    owner, actor = e["owner"] or {}, e["actor"] or {}
    if eval("(" + sys.argv[2] + ")"):
        sys.exit(0)
sys.exit(1)' "$OUT/events.out" "$1"
}

# seen EXPRESSION: within ten seconds; shows what came instead.
seen() {
	until_true record "$1" && return
	tail -n 20 "$OUT/events.out" >&2
	return 1
}

# nginx_on PORT [DIRECTIVE...]: one process of it that serves $OUT.
nginx_on() {
	local port=$1
	shift
	cat >"$OUT/nginx.conf" <<-END
		daemon off;
		master_process off;
		pid $OUT/nginx.pid;
		error_log $OUT/nginx.log;
		events {}
		http {
			access_log off;
			client_body_temp_path $OUT/body;
			proxy_temp_path $OUT/proxy;
			fastcgi_temp_path $OUT/fastcgi;
			uwsgi_temp_path $OUT/uwsgi;
			scgi_temp_path $OUT/scgi;
			$*
			server {
				listen 127.0.0.1:$port;
				root $OUT;
			}
		}
	END
	subject nginx -c "$OUT/nginx.conf" -e "$OUT/nginx.log"
	until_true listens "$port"
}

@test "nginx is done with discarding a refused upload" {
	needs nginx
	nginx_on 18801 'client_max_body_size 1k; lingering_time 1s;'
	start -P 18801
	# shellcheck disable=SC2016 # expanded by the inner shell
	subject bash -c '
		exec 5<>/dev/tcp/127.0.0.1/18801
		printf "POST / HTTP/1.1\r\nHost: x\r\n" >&5
		printf "Content-Length: 100000000\r\n\r\n" >&5
		while printf %1000s x >&5; do sleep 0.05; done'
	local client=$subject
	seen 'e["cause"] == "unread-data" and e["direction"] == "sent" and
		e["unread_bytes"] > 0 and e["local"]["port"] == 18801 and
		owner.get("comm") == actor.get("comm") == "nginx" and
		owner.get("pid") == '"${subjects[0]}"' and not actor.get("exiting")'
	seen 'e["cause"] == "reset-by-peer" and e["direction"] == "received"
		and owner.get("pid") in (None, '"$client)"
	stop
}

@test "redis: CLIENT KILL is a FIN, the client's next command is reset" {
	needs redis-server redis-cli
	subject redis-server --port 18802 --bind 127.0.0.1 --save '' \
		--dir "$OUT"
	local redis=$subject
	until_true listens 18802
	start -P 18802
	exec 5<>/dev/tcp/127.0.0.1/18802
	printf 'PING\r\n' >&5
	read -r -t 10 <&5
	local port
	port=$(ss -Htn state established "dport = :18802" |
		awk '{ sub(".*:", "", $3); print $3 }')
	redis-cli -p 18802 CLIENT KILL TYPE normal SKIPME yes
	seen 'e["cause"] == "close" and e["verdict"] == "fin" and
		e["remote"]["port"] == '"$port"' and e["order"] == "first" and
		owner.get("pid") == actor.get("pid") == '"$redis"
	printf 'PING\r\n' >&5
	seen 'e["cause"] == "data-after-close" and e["direction"] == "sent" and
		e["remote"]["port"] == '"$port"' and e["actor"] is None and
		owner.get("pid") == '"$redis"' and e["since_close_ms"] is not None
		and e["provoked_by"]["payload_bytes"] == 6'
	exec 5>&-
	stop
}

@test "redis: a client over its output limit is dropped with its commands" {
	needs redis-server redis-cli
	subject redis-server --port 18803 --bind 127.0.0.1 --save '' \
		--dir "$OUT" --client-output-buffer-limit normal 1mb 0 0
	local redis=$subject
	until_true listens 18803
	redis-cli -p 18803 SET big "$(printf %4096s x)"
	yes $'GET big\r' | head -n 30000 >"$OUT/commands" || true
	start -P 18803
	subject bash -c "exec 5<>/dev/tcp/127.0.0.1/18803
		cat '$OUT/commands' >&5; exec sleep 60"
	seen 'e["cause"] == "unread-data" and e["direction"] == "sent" and
		e["unread_bytes"] > 0 and e["local"]["port"] == 18803 and
		owner.get("pid") == actor.get("pid") == '"$redis"' and
		not actor.get("exiting")'
	# what redis says of it
	until_true grep -q 'overcoming of output buffer limits' \
		"$OUT/subject.log"
	stop
}

@test "python http.server hangs and is killed with -9" {
	[[ -x /usr/bin/python3 ]] || skip "python3 is not installed"
	subject /usr/bin/python3 -m http.server --bind 127.0.0.1 18804 -d "$OUT"
	local server=$subject
	until_true listens 18804
	start -P 18804
	exec 5<>/dev/tcp/127.0.0.1/18804
	printf 'GET / HTTP/1.0\r\n' >&5
	# its thread has the first line and waits for the rest
	until_true bash -c "[[ \$(ls /proc/$server/task | wc -l) -ge 2 ]]"
	until_true read_all 18804
	hang "$server"
	printf 'Host: x\r\n\r\n' >&5
	exec 6<>/dev/tcp/127.0.0.1/18804
	printf 'GET / HTTP/1.0\r\n\r\n' >&6
	until_true queued 18804
	kill -KILL "$server"
	seen 'e["cause"] == "unread-data" and e["direction"] == "sent" and
		e["unread_bytes"] == 11 and owner.get("pid") == '"$server"' and
		actor.get("exiting") and actor.get("signal") == "SIGKILL"'
	seen 'e["cause"] == "listener-closed" and e["direction"] == "sent" and
		actor.get("pid") == '"$server"' and actor.get("exiting")'
	exec 5>&- 6>&-
	stop
}

@test "nmap -sS: the scanner's kernel resets what it never asked for" {
	needs nmap
	[[ -x /usr/bin/python3 ]] || skip "python3 is not installed"
	subject /usr/bin/python3 -m http.server --bind 127.0.0.1 18805 -d "$OUT"
	until_true listens 18805
	start -P 18805,18806
	nmap -n -Pn -sS -p 18805,18806 127.0.0.1 >"$OUT/nmap"
	grep -q '^18805/tcp *open' "$OUT/nmap"
	grep -q '^18806/tcp *closed' "$OUT/nmap"
	seen 'e["cause"] == "no-listener" and e["direction"] == "sent" and
		e["local"]["port"] == 18806 and e["actor"] is None and
		e["provoked_by"]["flags"] == "S"'
	seen 'e["cause"] == "connect-abandoned" and e["direction"] == "sent" and
		e["remote"]["port"] == 18805 and e["actor"] is None and
		e["owner"] is None and e["provoked_by"]["flags"] == "SA"'
	stop
}

@test "iperf3: a server that hangs is killed in the middle of a test" {
	needs iperf3
	subject iperf3 -s -B 127.0.0.1 -p 18807
	local server=$subject
	until_true listens 18807
	start -P 18807
	subject iperf3 -c 127.0.0.1 -p 18807 -t 60 -b 10M
	local client=$subject
	until_true read_all 18807
	until_true bash -c "ss -Htn state established 'sport = :18807' |
		awk 'END { exit NR < 2 }'"
	hang "$server"
	until_true queued 18807
	kill -KILL "$server"
	seen 'e["cause"] == "unread-data" and e["direction"] == "sent" and
		e["unread_bytes"] > 0 and owner.get("pid") == '"$server"' and
		actor.get("exiting") and actor.get("signal") == "SIGKILL"'
	seen 'e["cause"] == "reset-by-peer" and e["direction"] == "received"
		and owner.get("pid") in (None, '"$client)"
	stop
}

@test "haproxy: its health checks and option nolinger are SO_LINGER {1,0}" {
	needs haproxy
	[[ -x /usr/bin/python3 ]] || skip "python3 is not installed"
	cat >"$OUT/haproxy.cfg" <<-END
		defaults
			mode http
			timeout connect 10s
			timeout client 10s
			timeout server 10s
		frontend web
			bind 127.0.0.1:18808
			option nolinger
			default_backend app
		backend app
			server one 127.0.0.1:18809 check inter 500ms
	END
	subject /usr/bin/python3 -m http.server --bind 127.0.0.1 18809 -d "$OUT"
	until_true listens 18809
	start -P 18808,18809
	subject haproxy -db -f "$OUT/haproxy.cfg"
	local haproxy=$subject
	until_true listens 18808
	# a check: it connects, and that was all
	seen 'e["cause"] == "linger-zero" and e["direction"] == "sent" and
		e["remote"]["port"] == 18809 and e["linger_s"] == 0 and
		owner.get("pid") == actor.get("pid") == '"$haproxy"
	# a client that is not keep-alive, and waits for haproxy to close
	exec 5<>/dev/tcp/127.0.0.1/18808
	printf 'GET / HTTP/1.0\r\n\r\n' >&5
	seen 'e["cause"] == "linger-zero" and e["direction"] == "sent" and
		e["local"]["port"] == 18808 and e["linger_s"] == 0 and
		owner.get("pid") == actor.get("pid") == '"$haproxy"
	exec 5>&-
	stop
}

@test "curl is interrupted in the middle of a download" {
	needs nginx curl
	truncate -s 50M "$OUT/big"
	chmod a+rx "$OUT"
	nginx_on 18810
	local nginx=$subject
	start -P 18810
	# what a shell without job control starts behind ignores SIGINT
	subject env --default-signal=INT curl -s --limit-rate 10k \
		-o /dev/null http://127.0.0.1:18810/big
	local curl=$subject
	until_true data_from 18810
	kill -INT "$curl"
	seen 'e["cause"] == "unread-data" and e["direction"] == "sent" and
		e["unread_bytes"] > 0 and e["remote"]["port"] == 18810 and
		owner.get("pid") == '"$curl"' and
		actor.get("exiting") and actor.get("signal") == "SIGINT"'
	seen 'e["cause"] == "reset-by-peer" and e["direction"] == "received"
		and e["local"]["port"] == 18810 and
		e["unsent_bytes"] + e["unacked_bytes"] > 0 and
		owner.get("pid") in (None, '"$nginx)"
	stop
}

@test "wrk is interrupted with requests unanswered" {
	needs nginx wrk
	nginx_on 18811
	local nginx=$subject
	start -P 18811
	hang "$nginx"
	subject wrk -t1 -c2 -d 60 http://127.0.0.1:18811/
	local wrk=$subject
	until_true requests_wait 18811 2
	kill -INT "$wrk"
	seen 'e["cause"] == "close" and e["verdict"] == "fin" and
		e["remote"]["port"] == 18811 and e["order"] == "first" and
		owner.get("pid") == '"$wrk"
	until_true gone "$wrk"
	kill -CONT "$nginx"
	seen 'e["cause"] == "data-after-close" and e["direction"] == "sent" and
		e["remote"]["port"] == 18811 and e["actor"] is None and
		owner.get("pid") == '"$wrk"' and e["since_close_ms"] is not None
		and e["provoked_by"]["payload_bytes"] > 0'
	stop
}

@test "sshd is scanned: a proper scan leaves FINs, a lazy one resets" {
	needs sshd ssh-keygen ssh-keyscan nmap
	mkdir -p /run/sshd # it insists, and a service would have made it
	ssh-keygen -q -t ed25519 -N '' -f "$OUT/key"
	subject "$(command -v sshd)" -D -e -f /dev/null -h "$OUT/key" -p 18812 \
		-o ListenAddress=127.0.0.1 -o PidFile=none
	local sshd=$subject
	until_true listens 18812
	start -P 18812
	# whose sockets these are: the child's that sshd forks for each
	ssh-keyscan -t ed25519 -p 18812 127.0.0.1 >"$OUT/keys"
	grep -q ssh-ed25519 "$OUT/keys"
	seen 'e["cause"] == "close" and e["verdict"] == "fin" and
		e["remote"]["port"] == 18812 and e["order"] == "first" and
		owner.get("comm") == actor.get("comm") == "ssh-keyscan"'
	seen 'e["cause"] == "close" and e["verdict"] == "fin" and
		e["local"]["port"] == 18812 and e["order"] == "second" and
		owner.get("comm") == actor.get("comm") == "sshd" and
		owner.get("pid") == actor.get("pid") != '"$sshd"
	run record 'e["verdict"] == "rst"'
	[[ $status -eq 1 ]]
	# one that connects, and closes with the banner unread
	subject bash -c 'exec 5<>/dev/tcp/127.0.0.1/18812; exec sleep 60'
	local lazy=$subject
	until_true data_from 18812
	kill -TERM "$lazy"
	seen 'e["cause"] == "unread-data" and e["direction"] == "sent" and
		e["remote"]["port"] == 18812 and e["unread_bytes"] > 10 and
		owner.get("pid") == actor.get("pid") == '"$lazy"' and
		actor.get("signal") == "SIGTERM"'
	seen 'e["cause"] == "reset-by-peer" and e["direction"] == "received"
		and e["local"]["port"] == 18812 and
		owner.get("comm") in (None, "sshd") and
		owner.get("pid") != '"$sshd"
	# nmap -sT
	nmap -n -Pn -sT -p 18812 127.0.0.1 >"$OUT/nmap"
	grep -q '^18812/tcp *open' "$OUT/nmap"
	seen 'e["cause"] == "linger-zero" and e["direction"] == "sent" and
		e["remote"]["port"] == 18812 and e["linger_s"] == 0 and
		owner.get("comm") == actor.get("comm") == "nmap"'
	stop
}
