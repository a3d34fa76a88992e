#!/usr/bin/env bash
# Makes certificates for TLS: of an authority, of the server and of a client, and the ssl.config
# that the server reads.
#
#   ./make_certificates.sh FOLDER [NAME ...]
#
# NAME: host names and numbers under which clients reach the server; localhost and 127.0.0.1
# are always among them. Clients need authority.pem; client.pem and client.key only where
# ssl.config says `client_verify: true`. Keys and ssl.config are secret.
set -euo pipefail
umask 077

if [ $# -lt 1 ]; then
    echo "make_certificates.sh: error: usage: make_certificates.sh FOLDER [NAME ...]" >&2
    exit 2
fi
folder=$1
shift
days=${DAYS:-365}

if [ -e "$folder/server.key" ]; then
    echo "make_certificates.sh: error: $folder/server.key exists already." >&2
    exit 1
fi
mkdir -p "$folder"

names="DNS:localhost,IP:127.0.0.1"
for name in "$@"; do
    if [[ $name =~ ^[0-9.]+$ || $name == *:* ]]; then
        names+=",IP:$name"
    else
        names+=",DNS:$name"
    fi
done

key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"; }

key "$folder/authority.key"
openssl req -x509 -new -key "$folder/authority.key" -sha256 -days "$days" \
    -subj "/CN=qtf serving authority" -addext "keyUsage=critical,keyCertSign,cRLSign" \
    -out "$folder/authority.pem"

# signed NAME USE [LINE ...]: a key and a certificate for one use, with further extensions.
signed() {
    local name=$1 use=$2
    shift 2
    key "$folder/$name.key"
    openssl req -new -key "$folder/$name.key" -subj "/CN=qtf serving $name" |
        openssl x509 -req -sha256 -days "$days" -set_serial "0x$(openssl rand -hex 16)" \
            -CA "$folder/authority.pem" -CAkey "$folder/authority.key" \
            -extfile <(printf '%s\n' "basicConstraints=CA:FALSE" \
                "keyUsage=critical,digitalSignature" "extendedKeyUsage=$use" "$@") \
            -out "$folder/$name.pem" 2>/dev/null
}

signed server serverAuth "subjectAltName=$names"
signed client clientAuth

# The server reads contents, not file names; a line break inside quotes is written \n.
quoted() { awk '{ printf "%s\\n", $0 }' "$1"; }
cat > "$folder/ssl.config" <<CONFIG
server_key: "$(quoted "$folder/server.key")"
server_cert: "$(quoted "$folder/server.pem")"
custom_ca: "$(quoted "$folder/authority.pem")"
client_verify: false
CONFIG

chmod 644 "$folder"/*.pem
echo "$folder: authority.pem for the clients, ssl.config for the server, valid for $days days."
