# shellcheck shell=bash
# Read by the other scripts: a bucket that is versioned, encrypted, and open to nobody else.

# protected_bucket NAME REGION ACCOUNT: makes it where there is none. Names of buckets are the whole world's, so that of
# another account is refused in each call.
protected_bucket() {
  local name=$1 region=$2 account=$3 found partition
  local ours=(--bucket "$name" --expected-bucket-owner "$account")
  if ! found=$(aws s3api head-bucket "${ours[@]}" 2>&1); then
    case $found in
      *404* | *"Not Found"*) ;;
      *403* | *Forbidden*)
        echo "cannot use the bucket $name: it is another account's, or these credentials lack permission: $found" >&2
        return 1
        ;;
      *)
        echo "cannot read the bucket $name: $found" >&2
        return 1
        ;;
    esac
    echo "making the bucket $name"
    if [[ $region == us-east-1 ]]; then
      aws s3api create-bucket --bucket "$name" >/dev/null
    else
      aws s3api create-bucket --bucket "$name" \
        --create-bucket-configuration "LocationConstraint=$region" >/dev/null
    fi
  fi
  # aws, or aws-cn and aws-us-gov, where every ARN begins with it.
  partition=$(aws sts get-caller-identity --query Arn --output text | cut -d : -f 2)
  # Each of these may be said again: a bucket that was made halfway becomes whole.
  aws s3api put-public-access-block "${ours[@]}" --public-access-block-configuration \
    BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
  aws s3api put-bucket-encryption "${ours[@]}" --server-side-encryption-configuration \
    '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}'
  aws s3api put-bucket-versioning "${ours[@]}" --versioning-configuration Status=Enabled
  aws s3api put-bucket-policy "${ours[@]}" --policy '{
    "Version": "2012-10-17",
    "Statement": [{
      "Sid": "SecureTransportOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
      "Resource": ["arn:'"$partition"':s3:::'"$name"'", "arn:'"$partition"':s3:::'"$name"'/*"],
      "Condition": {"Bool": {"aws:SecureTransport": "false"}}
    }]}'
  # What is in force stays; what it took the place of goes after a quarter of a year.
  aws s3api put-bucket-lifecycle-configuration "${ours[@]}" --lifecycle-configuration '{
    "Rules": [{
      "ID": "old-versions-and-rests", "Status": "Enabled", "Filter": {"Prefix": ""},
      "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
      "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}
    }]}' >/dev/null
  aws s3api put-bucket-tagging "${ours[@]}" --tagging 'TagSet=[{Key=Project,Value=CVAnalytics}]'
}
