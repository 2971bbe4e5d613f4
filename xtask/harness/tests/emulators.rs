//! The emulators start, answer and end.

#[cfg(test)]
mod tests {
    use cv_analytics_harness::connection::Connection;
    use cv_analytics_harness::emulators::dynamodb::DynamoDbEmulator;
    use cv_analytics_harness::emulators::moto::MotoServer;

    fn list_tables(authority: &str) -> String {
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {authority}\r\ncontent-type: application/x-amz-json-1.0\r\n\
             x-amz-target: DynamoDB_20120810.ListTables\r\nx-amz-date: 20261116T000000Z\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=a/20261116/eu-west-2/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=0\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        let answer = Connection::open(authority).unwrap().exchange(request.as_bytes()).unwrap();
        assert_eq!(answer.status, 200);
        String::from_utf8(answer.body).unwrap().replace(' ', "")
    }

    #[test]
    fn each_emulator_of_dynamodb_answers_and_is_empty() {
        for (name, emulator) in DynamoDbEmulator::ALL {
            let server = emulator.start().unwrap();
            assert_eq!(list_tables(server.authority()), r#"{"TableNames":[]}"#, "{name}");
        }
    }

    #[test]
    fn moto_answers_and_is_empty() {
        let server = MotoServer::start().unwrap();
        assert_eq!(list_tables(server.authority()), r#"{"TableNames":[]}"#);
    }

    #[test]
    fn moto_shows_the_mails_that_it_took() {
        let server = MotoServer::start().unwrap();
        let post = |path: &str, body: &str| {
            let authority = server.authority();
            let request = format!(
                "POST {path} HTTP/1.1\r\nhost: {authority}\r\ncontent-type: application/json\r\n\
                 authorization: AWS4-HMAC-SHA256 Credential=a/20261116/eu-west-2/ses/aws4_request, \
                 SignedHeaders=host, Signature=0\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let answer = Connection::open(authority).unwrap().exchange(request.as_bytes()).unwrap();
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        };
        assert_eq!(server.sent_mails().unwrap(), []);
        post("/v2/email/identities", r#"{"EmailIdentity":"a@example.com"}"#);
        // From: a@example.com, To: b@example.com, Subject: x, and a line.
        let raw =
            "RnJvbTogYUBleGFtcGxlLmNvbQ0KVG86IGJAZXhhbXBsZS5jb20NClN1YmplY3Q6IHgNCg0KaGkNCg==";
        let mail = format!(
            r#"{{"FromEmailAddress":"a@example.com","Destination":{{"ToAddresses":["b@example.com"]}},"Content":{{"Raw":{{"Data":"{raw}"}}}}}}"#
        );
        post("/v2/email/outbound-emails", &mail);
        let sent = server.sent_mails().unwrap();
        assert_eq!(sent[0].to, ["b@example.com"]);
        assert!(sent[0].raw.contains("Subject: x"), "{sent:?}");
    }
}
