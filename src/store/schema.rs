//! The tables in portable types, the same for both databases; `tests/it/store/schema.rs` compares them with the migrations.

diesel::table! {
    operators (id) {
        id -> Text,
        email -> Text,
        name -> Text,
        password_hash -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    tenants (id) {
        id -> Text,
        slug -> Text,
        name -> Text,
        zone -> Text,
        reply_to -> Nullable<Text>,
        default_minutes -> Integer,
        guarantee -> Integer,
        cap -> Integer,
        shared_seats -> Bool,
        suspended_at -> Nullable<BigInt>,
        created_at -> BigInt,
        short_meetings -> Bool,
    }
}

diesel::table! {
    users (id) {
        id -> Text,
        tenant_id -> Text,
        email -> Text,
        name -> Text,
        role -> Text,
        zone -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        deactivated_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    one_time_links (secret_hash) {
        secret_hash -> Text,
        purpose -> Text,
        user_id -> Nullable<Text>,
        operator_id -> Nullable<Text>,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    sessions (key_hash) {
        key_hash -> Text,
        user_id -> Nullable<Text>,
        operator_id -> Nullable<Text>,
        state -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    sign_in_failures (key_hash) {
        key_hash -> Text,
        failures -> Integer,
        blocked_until -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    seats (id) {
        id -> Text,
        zoom_user_id -> Nullable<Text>,
        email -> Text,
        name -> Text,
        tenant_id -> Nullable<Text>,
        user_id -> Nullable<Text>,
        status -> Text,
        observed -> Text,
        observed_at -> Nullable<BigInt>,
        created_at -> BigInt,
        license_failures -> Integer,
        license_retry_at -> Nullable<BigInt>,
        license_problem -> Nullable<Text>,
    }
}

diesel::table! {
    pool (id) {
        id -> Integer,
        licenses -> Integer,
        spare -> Nullable<Integer>,
        lead_seconds -> BigInt,
        grace_seconds -> BigInt,
        rejoin_seconds -> BigInt,
        no_show_seconds -> BigInt,
        horizon_days -> Integer,
        frozen_until -> Nullable<BigInt>,
        strategy -> Text,
        release -> Text,
        move_budget -> Nullable<Integer>,
        late_attach -> Bool,
        frozen_since -> Nullable<BigInt>,
        webhooks_missed_at -> Nullable<BigInt>,
        synced_at -> Nullable<BigInt>,
        zoom_purchased -> Nullable<Integer>,
        zoom_others -> Nullable<Integer>,
        ledger_days -> Integer,
    }
}

diesel::table! {
    licenses (number) {
        number -> Integer,
        place -> Text,
        seat_id -> Nullable<Text>,
        meeting_id -> Nullable<Text>,
        since -> BigInt,
        worked_on_until -> Nullable<BigInt>,
        failures -> Integer,
        retry_at -> Nullable<BigInt>,
        problem -> Nullable<Text>,
    }
}

diesel::table! {
    clients (id) {
        id -> Text,
        tenant_id -> Text,
        email -> Text,
        name -> Text,
        zone -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    meetings (id) {
        id -> Text,
        tenant_id -> Text,
        host_id -> Text,
        client_id -> Text,
        seat_id -> Text,
        kind -> Text,
        topic -> Text,
        starts_at -> BigInt,
        ends_at -> BigInt,
        wall_time -> Text,
        zone -> Text,
        hold_from -> BigInt,
        hold_until -> BigInt,
        stage -> Text,
        run_uuid -> Nullable<Text>,
        run_since -> Nullable<BigInt>,
        closed_at -> Nullable<BigInt>,
        sequence -> Integer,
        link_version -> Integer,
        link_hash -> Text,
        client_arrived_at -> Nullable<BigInt>,
        start_clicked_at -> Nullable<BigInt>,
        idempotency_key -> Text,
        zoom_number -> Nullable<BigInt>,
        zoom_join_url -> Nullable<Text>,
        zoom_sequence -> Nullable<Integer>,
        zoom_tries -> Integer,
        zoom_retry_at -> Nullable<BigInt>,
        zoom_problem -> Nullable<Text>,
        polled_at -> Nullable<BigInt>,
        polled_absent -> Integer,
        alert -> Nullable<Text>,
        created_at -> BigInt,
        licensed -> Bool,
        queued_at -> Nullable<BigInt>,
        announced -> Bool,
        busy_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    letters (id) {
        id -> Text,
        dedupe_key -> Text,
        tenant_id -> Nullable<Text>,
        meeting_id -> Nullable<Text>,
        kind -> Text,
        recipient -> Text,
        payload -> Text,
        state -> Text,
        tries -> Integer,
        send_after -> BigInt,
        sent_at -> Nullable<BigInt>,
        problem -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    old_rooms (zoom_number) {
        zoom_number -> BigInt,
        tries -> Integer,
        retry_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    zoom_events (id) {
        id -> Text,
        dedupe_key -> Text,
        kind -> Text,
        body -> Text,
        received_at -> BigInt,
        state -> Text,
        tries -> Integer,
        retry_at -> BigInt,
        outcome -> Nullable<Text>,
    }
}

diesel::table! {
    audit (id) {
        id -> Text,
        at -> BigInt,
        tenant_id -> Nullable<Text>,
        actor -> Text,
        actor_id -> Nullable<Text>,
        action -> Text,
        meeting_id -> Nullable<Text>,
        detail -> Text,
    }
}

diesel::table! {
    heartbeats (name) {
        name -> Text,
        at -> BigInt,
        note -> Text,
    }
}

diesel::joinable!(meetings -> clients (client_id));
diesel::joinable!(meetings -> users (host_id));
diesel::joinable!(meetings -> tenants (tenant_id));
diesel::joinable!(meetings -> seats (seat_id));
diesel::joinable!(users -> tenants (tenant_id));
diesel::joinable!(runs -> meetings (meeting_id));
diesel::joinable!(hold_spans -> meetings (meeting_id));

diesel::table! {
    license_spans (id) {
        id -> Text,
        license -> Integer,
        seat_id -> Text,
        tenant_id -> Nullable<Text>,
        from_at -> BigInt,
        until_at -> Nullable<BigInt>,
        claimed_at -> BigInt,
        leaving_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    runs (meeting_id, uuid) {
        meeting_id -> Text,
        uuid -> Text,
        tenant_id -> Text,
        seat_id -> Text,
        began_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    hold_spans (id) {
        id -> Text,
        meeting_id -> Text,
        tenant_id -> Text,
        seat_id -> Text,
        from_at -> BigInt,
        until_at -> BigInt,
    }
}

diesel::table! {
    move_days (day) {
        day -> Integer,
        attaches -> Integer,
        detaches -> Integer,
        freezes -> Integer,
        by_people -> Integer,
    }
}

diesel::table! {
    seat_days (seat_id, day) {
        seat_id -> Text,
        day -> Integer,
        writes -> Integer,
    }
}

diesel::table! {
    refusals (id) {
        id -> Text,
        at -> BigInt,
        tenant_id -> Text,
        host_id -> Text,
        kind -> Text,
        code -> Text,
        starts_at -> BigInt,
        ends_at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    operators,
    tenants,
    users,
    one_time_links,
    sessions,
    sign_in_failures,
    seats,
    pool,
    licenses,
    clients,
    meetings,
    letters,
    zoom_events,
    audit,
    heartbeats,
    license_spans,
    runs,
    hold_spans,
    move_days,
    seat_days,
    old_rooms,
    refusals
);
