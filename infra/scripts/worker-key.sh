#!/usr/bin/env bash
# Makes an access key for the Worker's user and hands it to wrangler, which keeps it as the Worker's secrets. The key is
# shown nowhere and written to no file. Run it in the Worker's folder.
#
# Usage: worker-key.sh --user USER --queue-url URL --region REGION [--wrangler COMMAND]
set -euo pipefail

user="" queue_url="" region="" wrangler="npx wrangler"
while [[ $# -gt 0 ]]; do
  case $1 in
    --user) user=$2; shift 2 ;;
    --queue-url) queue_url=$2; shift 2 ;;
    --region) region=$2; shift 2 ;;
    --wrangler) wrangler=$2; shift 2 ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
if [[ -z $user || -z $queue_url || -z $region ]]; then
  sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi

# The AWS CLI's first version reads the second of these.
export AWS_REGION=$region AWS_DEFAULT_REGION=$region

old_keys=$(aws iam list-access-keys --user-name "$user" --query 'AccessKeyMetadata[].AccessKeyId' --output text)
if [[ $(wc -w <<<"$old_keys") -ge 2 ]]; then
  echo "$user has two access keys, and AWS allows no third: delete the one that is not used with" >&2
  echo "  aws iam delete-access-key --user-name $user --access-key-id ID     (IDs: $old_keys)" >&2
  exit 1
fi

key=$(aws iam create-access-key --user-name "$user" --query 'AccessKey.[AccessKeyId, SecretAccessKey]' --output text)
read -r id secret <<<"$key"
given=no
take_back() {
  if [[ $given == no ]]; then
    aws iam delete-access-key --user-name "$user" --access-key-id "$id"
    echo "the Worker did not take its secrets; the new key is deleted again" >&2
  fi
}
trap take_back EXIT

put() {
  # The command may have words of its own.
  # shellcheck disable=SC2086
  printf %s "$2" | $wrangler secret put "$1"
}
put AWS_ACCESS_KEY_ID "$id"
put AWS_SECRET_ACCESS_KEY "$secret"
put AWS_SQS_URL "$queue_url"
put AWS_REGION "$region"
given=yes
echo "the Worker has its key $id"
if [[ -n $old_keys ]]; then
  echo "once it sends with it: aws iam delete-access-key --user-name $user --access-key-id $old_keys"
fi
