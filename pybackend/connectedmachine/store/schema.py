"""The schema of the store as its numbered migrations, the first five; a released one is never changed."""

from __future__ import annotations

FIRST: tuple[tuple[int, str], ...] = (
    (
        1,
        """
        CREATE TABLE machines (
            id TEXT PRIMARY KEY,
            subscription TEXT NOT NULL COLLATE NOCASE,
            resource_group TEXT NOT NULL COLLATE NOCASE,
            name TEXT NOT NULL COLLATE NOCASE,
            location TEXT NOT NULL,
            tags TEXT NOT NULL,
            simulated INTEGER NOT NULL,
            os TEXT NOT NULL,
            architecture TEXT NOT NULL,
            os_name TEXT NOT NULL,
            os_version TEXT NOT NULL,
            fqdn TEXT NOT NULL,
            os_machine_id TEXT NOT NULL,
            created TEXT NOT NULL,
            UNIQUE (subscription, resource_group, name)
        ) STRICT;

        CREATE TABLE extensions (
            machine_id TEXT NOT NULL REFERENCES machines ON DELETE CASCADE,
            name TEXT NOT NULL COLLATE NOCASE,
            publisher TEXT NOT NULL,
            type TEXT NOT NULL,
            handler_key TEXT NOT NULL,
            location TEXT NOT NULL,
            tags TEXT NOT NULL,
            requested TEXT NOT NULL,
            target TEXT,
            target_initiator TEXT NOT NULL,
            auto_upgrade_minor INTEGER NOT NULL,
            automatic_upgrade INTEGER NOT NULL,
            force_update_tag TEXT,
            settings_seq INTEGER NOT NULL,
            settings_tried INTEGER NOT NULL,
            removing INTEGER NOT NULL,
            stopped INTEGER NOT NULL,
            installed_version TEXT,
            installed_sha256 TEXT,
            installed_manifest TEXT,
            installed_enabled INTEGER NOT NULL DEFAULT 0,
            installed_enabled_at TEXT,
            installed_settings_seq INTEGER NOT NULL DEFAULT 0,
            provisioning TEXT NOT NULL,
            status_code TEXT NOT NULL,
            status_level TEXT NOT NULL,
            status_display TEXT NOT NULL,
            status_message TEXT NOT NULL,
            status_time TEXT,
            created TEXT NOT NULL,
            changed TEXT NOT NULL,
            PRIMARY KEY (machine_id, name),
            UNIQUE (machine_id, handler_key)
        ) STRICT;

        -- By sequence number, which grows with each change: an undo needs what was in force before.
        CREATE TABLE settings (
            machine_id TEXT NOT NULL,
            extension TEXT NOT NULL COLLATE NOCASE,
            seq INTEGER NOT NULL,
            public TEXT,
            protected BLOB,
            PRIMARY KEY (machine_id, extension, seq),
            FOREIGN KEY (machine_id, extension) REFERENCES extensions ON DELETE CASCADE
        ) STRICT;

        -- History outlives the extension it is about.
        CREATE TABLE operations (
            id TEXT PRIMARY KEY,
            machine_id TEXT NOT NULL REFERENCES machines ON DELETE CASCADE,
            extension TEXT NOT NULL COLLATE NOCASE,
            publisher TEXT NOT NULL,
            type TEXT NOT NULL,
            kind TEXT NOT NULL,
            old_version TEXT,
            old_sha256 TEXT,
            new_version TEXT NOT NULL,
            new_sha256 TEXT NOT NULL,
            old_manifest TEXT,
            old_enabled INTEGER NOT NULL,
            automatic INTEGER NOT NULL,
            initiator TEXT NOT NULL,
            settings_seq INTEGER NOT NULL,
            old_settings_seq INTEGER NOT NULL,
            policy TEXT NOT NULL,
            began TEXT NOT NULL,
            ended TEXT,
            outcome TEXT,
            code TEXT NOT NULL DEFAULT '',
            message TEXT NOT NULL DEFAULT '',
            pass_id TEXT
        ) STRICT;
        CREATE INDEX operations_of_machine ON operations (machine_id, began);
        CREATE UNIQUE INDEX one_operation_at_a_time
            ON operations (machine_id, publisher COLLATE NOCASE, type COLLATE NOCASE) WHERE ended IS NULL;

        CREATE TABLE steps (
            operation_id TEXT NOT NULL REFERENCES operations ON DELETE CASCADE,
            seq INTEGER NOT NULL,
            step TEXT,
            side TEXT,
            target TEXT,
            round INTEGER NOT NULL,
            began TEXT NOT NULL,
            ended TEXT,
            outcome TEXT,
            exit_code INTEGER,
            code TEXT NOT NULL DEFAULT '',
            message TEXT NOT NULL DEFAULT '',
            manifest TEXT,
            choice TEXT,
            PRIMARY KEY (operation_id, seq)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE samples (
            operation_id TEXT NOT NULL REFERENCES operations ON DELETE CASCADE,
            seq INTEGER NOT NULL,
            number INTEGER NOT NULL,
            observed REAL NOT NULL,
            sources TEXT NOT NULL,
            PRIMARY KEY (operation_id, seq, number)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE passes (
            id TEXT PRIMARY KEY,
            machine_id TEXT NOT NULL REFERENCES machines ON DELETE CASCADE,
            extension TEXT COLLATE NOCASE,
            initiator TEXT NOT NULL,
            requested TEXT NOT NULL,
            ended TEXT
        ) STRICT;

        CREATE TABLE decisions (
            machine_id TEXT NOT NULL REFERENCES machines ON DELETE CASCADE,
            extension TEXT NOT NULL COLLATE NOCASE,
            pass_id TEXT NOT NULL,
            reason TEXT NOT NULL,
            message TEXT NOT NULL,
            from_version TEXT,
            to_version TEXT,
            next_look TEXT,
            operation_id TEXT,
            time TEXT NOT NULL,
            PRIMARY KEY (machine_id, extension, pass_id)
        ) STRICT;

        -- extension '' is the machine's own level.
        CREATE TABLE policies (
            machine_id TEXT NOT NULL REFERENCES machines ON DELETE CASCADE,
            extension TEXT NOT NULL COLLATE NOCASE,
            policy_values TEXT NOT NULL,
            PRIMARY KEY (machine_id, extension)
        ) STRICT;

        -- version '' holds every version.
        CREATE TABLE holds (
            machine_id TEXT NOT NULL REFERENCES machines ON DELETE CASCADE,
            extension TEXT NOT NULL COLLATE NOCASE,
            version TEXT NOT NULL,
            until TEXT,
            reason TEXT NOT NULL,
            created TEXT NOT NULL,
            PRIMARY KEY (machine_id, extension, version)
        ) STRICT;

        CREATE TABLE backoffs (
            machine_id TEXT NOT NULL,
            extension TEXT NOT NULL COLLATE NOCASE,
            version TEXT NOT NULL,
            failures INTEGER NOT NULL,
            failed_at TEXT NOT NULL,
            PRIMARY KEY (machine_id, extension, version),
            FOREIGN KEY (machine_id, extension) REFERENCES extensions ON DELETE CASCADE
        ) STRICT;

        CREATE TABLE probes (
            machine_id TEXT NOT NULL REFERENCES machines ON DELETE CASCADE,
            name TEXT NOT NULL COLLATE NOCASE,
            kind TEXT NOT NULL,
            target TEXT NOT NULL,
            interval REAL NOT NULL,
            timeout REAL NOT NULL,
            last_health TEXT,
            last_message TEXT NOT NULL DEFAULT '',
            last_time TEXT,
            PRIMARY KEY (machine_id, name)
        ) STRICT;

        CREATE TABLE galleries (
            name TEXT PRIMARY KEY COLLATE NOCASE,
            path TEXT NOT NULL,
            position INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE answers (
            idempotency_key TEXT NOT NULL,
            method TEXT NOT NULL,
            answer TEXT NOT NULL,
            time TEXT NOT NULL,
            PRIMARY KEY (idempotency_key, method)
        ) STRICT;
        """,
    ),
    (
        2,
        # Several extensions may share a handler. Tables whose constraints change are written anew: dropping
        # one deletes its rows first, so what refers to them, and would go with them, has been copied by then.
        """
        CREATE TABLE new_extensions (
            machine_id TEXT NOT NULL REFERENCES machines ON DELETE CASCADE,
            name TEXT NOT NULL COLLATE NOCASE,
            publisher TEXT NOT NULL,
            type TEXT NOT NULL,
            handler_key TEXT NOT NULL,
            location TEXT NOT NULL,
            tags TEXT NOT NULL,
            requested TEXT NOT NULL,
            target TEXT,
            target_initiator TEXT NOT NULL,
            auto_upgrade_minor INTEGER NOT NULL,
            automatic_upgrade INTEGER NOT NULL,
            force_update_tag TEXT,
            settings_seq INTEGER NOT NULL,
            settings_tried INTEGER NOT NULL,
            removing INTEGER NOT NULL,
            stopped INTEGER NOT NULL,
            installed_version TEXT,
            installed_sha256 TEXT,
            installed_manifest TEXT,
            installed_enabled INTEGER NOT NULL DEFAULT 0,
            installed_enabled_at TEXT,
            installed_settings_seq INTEGER NOT NULL DEFAULT 0,
            provisioning TEXT NOT NULL,
            status_code TEXT NOT NULL,
            status_level TEXT NOT NULL,
            status_display TEXT NOT NULL,
            status_message TEXT NOT NULL,
            status_time TEXT,
            created TEXT NOT NULL,
            changed TEXT NOT NULL,
            reset_requested INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (machine_id, name)
        ) STRICT;

        INSERT INTO new_extensions (
            machine_id, name, publisher, type, handler_key, location, tags, requested, target,
            target_initiator, auto_upgrade_minor, automatic_upgrade, force_update_tag, settings_seq,
            settings_tried, removing, stopped, installed_version, installed_sha256, installed_manifest,
            installed_enabled, installed_enabled_at, installed_settings_seq, provisioning, status_code,
            status_level, status_display, status_message, status_time, created, changed
        ) SELECT
            machine_id, name, publisher, type, handler_key, location, tags, requested, target,
            target_initiator, auto_upgrade_minor, automatic_upgrade, force_update_tag, settings_seq,
            settings_tried, removing, stopped, installed_version, installed_sha256, installed_manifest,
            installed_enabled, installed_enabled_at, installed_settings_seq, provisioning, status_code,
            status_level, status_display, status_message, status_time, created, changed
        FROM extensions;
        CREATE TABLE new_settings (
            machine_id TEXT NOT NULL,
            extension TEXT NOT NULL COLLATE NOCASE,
            seq INTEGER NOT NULL,
            public TEXT,
            protected BLOB,
            PRIMARY KEY (machine_id, extension, seq),
            FOREIGN KEY (machine_id, extension) REFERENCES new_extensions ON DELETE CASCADE
        ) STRICT;
        INSERT INTO new_settings SELECT machine_id, extension, seq, public, protected FROM settings;
        CREATE TABLE new_backoffs (
            machine_id TEXT NOT NULL,
            extension TEXT NOT NULL COLLATE NOCASE,
            version TEXT NOT NULL,
            failures INTEGER NOT NULL,
            failed_at TEXT NOT NULL,
            PRIMARY KEY (machine_id, extension, version),
            FOREIGN KEY (machine_id, extension) REFERENCES new_extensions ON DELETE CASCADE
        ) STRICT;
        INSERT INTO new_backoffs SELECT machine_id, extension, version, failures, failed_at FROM backoffs;
        DROP TABLE settings;
        DROP TABLE backoffs;
        DROP TABLE extensions;
        ALTER TABLE new_extensions RENAME TO extensions;
        ALTER TABLE new_settings RENAME TO settings;
        ALTER TABLE new_backoffs RENAME TO backoffs;
        CREATE INDEX extensions_of_handler ON extensions (machine_id, handler_key);

        CREATE TABLE operation_instances (
            operation_id TEXT NOT NULL REFERENCES operations ON DELETE CASCADE,
            position INTEGER NOT NULL,
            extension TEXT NOT NULL COLLATE NOCASE,
            settings_seq INTEGER NOT NULL,
            old_settings_seq INTEGER,
            old_enabled INTEGER NOT NULL,
            PRIMARY KEY (operation_id, position)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO operation_instances
            SELECT id, 0, extension, settings_seq, iif(kind = 'Install', NULL, old_settings_seq), old_enabled
            FROM operations;
        ALTER TABLE operations DROP COLUMN settings_seq;
        ALTER TABLE operations DROP COLUMN old_settings_seq;
        ALTER TABLE operations DROP COLUMN old_enabled;
        ALTER TABLE operations ADD COLUMN partial INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE steps ADD COLUMN instance TEXT;
        """,
    ),
    (
        3,
        """
        -- A machine without a row has the default, which admits everything. Lists are JSON texts.
        CREATE TABLE configurations (
            machine_id TEXT PRIMARY KEY REFERENCES machines ON DELETE CASCADE,
            extensions_enabled INTEGER NOT NULL,
            allow_list TEXT NOT NULL,
            block_list TEXT NOT NULL,
            mode TEXT NOT NULL
        ) STRICT;

        ALTER TABLE extensions ADD COLUMN provision_after TEXT NOT NULL DEFAULT '[]';
        """,
    ),
    (
        4,
        """
        -- secret_hash is scrypt's; token_key is sealed with the key of the state root.
        CREATE TABLE credentials (
            client_id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE COLLATE NOCASE,
            scopes TEXT NOT NULL,
            salt BLOB NOT NULL,
            secret_hash BLOB NOT NULL,
            token_key BLOB NOT NULL,
            created TEXT NOT NULL,
            expires TEXT NOT NULL,
            last_used TEXT
        ) STRICT;
        """,
    ),
    (
        5,
        """
        -- What clients say about a machine that means nothing here: kept as they said it, and shown.
        ALTER TABLE machines ADD COLUMN details TEXT NOT NULL DEFAULT '{}';

        -- A request outlives what it was about: its end can be asked for when the machine is gone.
        CREATE TABLE requests (
            id TEXT PRIMARY KEY COLLATE NOCASE,
            subscription TEXT NOT NULL COLLATE NOCASE,
            machine_id TEXT NOT NULL,
            verb TEXT NOT NULL,
            extensions TEXT NOT NULL,
            awaited TEXT NOT NULL,
            initiator TEXT NOT NULL,
            accepted TEXT NOT NULL,
            restarts INTEGER NOT NULL DEFAULT 0,
            restarted TEXT,
            ended TEXT,
            status TEXT,
            code TEXT NOT NULL DEFAULT '',
            message TEXT NOT NULL DEFAULT ''
        ) STRICT;
        CREATE INDEX requests_by_age ON requests (accepted);
        """,
    ),
)
