ALTER TABLE calls ADD COLUMN key TEXT;
CREATE TABLE new_webhooks (
    key TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    created_at TEXT NOT NULL
);
INSERT INTO new_webhooks (key, url, secret, created_at)
    SELECT keys.hash, webhooks.url, webhooks.secret, webhooks.created_at
    FROM webhooks JOIN keys ON keys.account = webhooks.account;
CREATE TABLE new_messages (
    key TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at TEXT NOT NULL,
    tries BIGINT NOT NULL,
    due BIGINT,
    laid_aside_at TEXT,
    said TEXT,
    PRIMARY KEY (key, id)
);
INSERT INTO new_messages (key, id, body, created_at, tries, due, laid_aside_at, said)
    SELECT first.hash, messages.id, messages.body, messages.created_at, messages.tries, messages.due,
        messages.laid_aside_at, messages.said
    FROM messages JOIN (SELECT account, MIN(hash) AS hash FROM keys GROUP BY account) AS first
        ON first.account = messages.account;
DROP TABLE messages;
DROP TABLE webhooks;
ALTER TABLE new_webhooks RENAME TO webhooks;
ALTER TABLE new_messages RENAME TO messages;
CREATE INDEX messages_due ON messages (due) WHERE due IS NOT NULL;
CREATE INDEX messages_of_key ON messages (key, laid_aside_at);
