#!/usr/bin/env bash
# Makes an access key for the Worker's user and hands it to wrangler, which keeps it as the Worker's secrets. The key is
# shown nowhere and written to no file. Run it in the Worker's folder.
#
# Usage: worker-key.sh --user USER --queue-url URL --region REGION [--env ENVIRONMENT] [--wrangler COMMAND]
#   --env is that of wrangler.jsonc which the Worker is deployed with
set -euo pipefail

usage() { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }

user="" queue_url="" region="" wrangler="npx wrangler" worker=""
while [[ $# -gt 0 ]]; do
  case $1 in
    --user) user=$2; shift 2 ;;
    --queue-url) queue_url=$2; shift 2 ;;
    --region) region=$2; shift 2 ;;
    --env) worker="--env $2"; shift 2 ;;
    --wrangler) wrangler=$2; shift 2 ;;
    *) usage ;;
  esac
done
[[ -n $user && -n $queue_url && -n $region ]] || usage
# They become JSON below.
if [[ $queue_url$region == *[\"\\]* ]]; then
  echo "a quotation mark or backslash is in no queue's URL and in no region's name: $queue_url, $region" >&2
  exit 2
fi

# The AWS CLI's first version reads the second of these.
export AWS_REGION=$region AWS_DEFAULT_REGION=$region

old_keys=$(aws iam list-access-keys --user-name "$user" --query 'AccessKeyMetadata[].AccessKeyId' --output text)
if [[ $(wc -w <<<"$old_keys") -ge 2 ]]; then
  echo "$user has two access keys, and AWS allows no third: delete the one that is not used with" >&2
  echo "  aws iam delete-access-key --user-name $user --access-key-id ID     (IDs: $old_keys)" >&2
  echo "which one is used: aws iam get-access-key-last-used --access-key-id ID" >&2
  exit 1
fi

# It ends well either way. It is asked before there is a key, since the pipe below leaves wrangler no terminal to log in on.
# shellcheck disable=SC2086
if [[ $($wrangler whoami 2>&1 </dev/null || true) == *"not authenticated"* ]]; then
  echo "wrangler is not logged in: $wrangler login, or CLOUDFLARE_API_TOKEN, comes first; no key was made" >&2
  exit 1
fi

key=$(aws iam create-access-key --user-name "$user" --query 'AccessKey.[AccessKeyId, SecretAccessKey]' --output text)
read -r id secret <<<"$key"
given=no
not_given() {
  if [[ $given == yes ]]; then
    return
  elif [[ -z $old_keys ]]; then
    aws iam delete-access-key --user-name "$user" --access-key-id "$id"
    echo "the Worker did not take its secrets; the new key is deleted again" >&2
  else
    # wrangler may have lost only the answer, and then the Worker has the new one.
    echo "wrangler did not say that the Worker took its secrets, so both keys stay: the Worker sends with one of them, and goes on." >&2
    echo "Which of the two, once it has sent again:" >&2
    echo "  aws iam get-access-key-last-used --access-key-id $id     (the new one; it was never used where the Worker has the old)" >&2
    echo "  aws iam get-access-key-last-used --access-key-id $old_keys" >&2
    echo "Delete the other; where that was the new one, the same command again makes another:" >&2
    echo "  aws iam delete-access-key --user-name $user --access-key-id ID" >&2
  fi
}
trap not_given EXIT

# All four at once, so that the Worker never has the half of a key. The command may have words of its own.
# shellcheck disable=SC2086
printf '{"AWS_ACCESS_KEY_ID":"%s","AWS_SECRET_ACCESS_KEY":"%s","AWS_SQS_URL":"%s","AWS_REGION":"%s"}\n' \
  "$id" "$secret" "$queue_url" "$region" | $wrangler secret bulk $worker
given=yes
echo "the Worker has its key $id"
if [[ -n $old_keys ]]; then
  echo "once it sends with it: aws iam delete-access-key --user-name $user --access-key-id $old_keys"
fi
