#!/bin/sh
# What an owner does with the Debian package, on a system that runs nothing else: `cargo xtask packages` starts it, as root.
set -eu

fail() { echo "FAIL: $*"; exit 1; }
analytics() { cv-analytics --data /var/lib/cv-analytics "$@"; }
ready() {
    for _ in $(seq 100); do
        cv-analytics doctor --server-only >/dev/null 2>&1 && return
        sleep 0.2
    done
    journalctl --no-pager --unit cv-analytics | tail -20
    fail "the server is not ready"
}
kept() { analytics events export | grep -q "kept on Debian" || fail "the event is lost after $1"; }

echo "== install"
dpkg --install /check/cv-analytics.deb
ready
systemctl is-enabled --quiet cv-analytics || fail "it would not start with the system"
for file in man/man1/cv-analytics.1.gz bash-completion/completions/cv-analytics zsh/vendor-completions/_cv-analytics \
    fish/vendor_completions.d/cv-analytics.fish doc/cv-analytics/copyright doc/cv-analytics/THIRD-PARTY.txt; do
    [ -s "/usr/share/$file" ] || fail "/usr/share/$file is not there"
done

echo "== bounds"
process=$(systemctl show --property MainPID --value cv-analytics)
user=$(stat --format %u "/proc/$process")
[ "$user" != 0 ] || fail "it runs as root"
grep -q '^CapBnd:[[:space:]]*0*$' "/proc/$process/status" || fail "it may gain capabilities"
for place in /usr /etc /var /etc/cv-analytics; do
    ! nsenter --target "$process" --mount touch "$place/written" 2>/dev/null || fail "$place can be written"
done
nsenter --target "$process" --mount touch /var/lib/cv-analytics/written && rm /var/lib/cv-analytics/written
[ "$(stat --format %a /var/lib/private/cv-analytics)" = 700 ] || fail "others can read the data folder"
secret=$(sed -n 's/^AWS_SECRET_ACCESS_KEY=//p' /var/lib/cv-analytics/credentials.env)
[ -n "$secret" ] || fail "there are no credentials"
! journalctl --no-pager | grep -qF "$secret" || fail "the journal has the secret key"
echo "user $user, no capabilities, read-only but for its data"

echo "== use"
analytics doctor | tail -1
echo '{"eventType":"query","requestId":"r1","timestamp":1763000000000,"query":"Is this kept on Debian?"}' >/tmp/event
analytics events send /tmp/event
systemctl restart cv-analytics
ready
kept "a restart"
# A separate process fills the template in, which the filter of system calls must let the server bound.
printf '%s\n' '[mail]' 'mail-template = "mail.html"' >>/etc/cv-analytics/cv-analytics.toml
echo '<p>{{ week }}</p>' >/etc/cv-analytics/mail.html
systemctl restart cv-analytics
ready
echo '{% broken' >/etc/cv-analytics/mail.html
systemctl restart cv-analytics || true
sleep 1
journalctl --no-pager --unit cv-analytics | grep -q 'mail.html' || fail "the journal does not say what is wrong with the template"
echo '<p>{{ week }}</p>' >/etc/cv-analytics/mail.html
systemctl restart cv-analytics
ready

echo "== unit"
systemd-analyze verify --man=no cv-analytics.service
# Exposure in tenths; what remains: it listens and calls over the network, and loads no kernel module to filter that.
systemd-analyze security --offline=true --threshold=12 --no-pager cv-analytics.service | tail -1

echo "== upgrade"
dpkg --install --force-confold /check/cv-analytics.deb >/dev/null
ready
[ "$(systemctl show --property MainPID --value cv-analytics)" != "$process" ] || fail "the old program still runs"
kept "an upgrade"

echo "== remove"
dpkg --remove cv-analytics >/dev/null
! systemctl --quiet is-active cv-analytics || fail "it still runs"
[ -s /var/lib/private/cv-analytics/cv-analytics.db ] || fail "the data is gone"
[ -s /etc/cv-analytics/cv-analytics.toml ] || fail "the settings are gone"

echo "== purge"
dpkg --purge cv-analytics >/dev/null
left=$(find / -xdev -path /check -prune -o -path /proc -prune -o -name '*cv-analytics*' -print | grep -v '^/var/log\|/journal/' || true)
[ -z "$left" ] || fail "left: $left"
echo "nothing is left"
