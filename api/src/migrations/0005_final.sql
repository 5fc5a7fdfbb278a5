-- Up Migration
-- What is frozen or published stays as it is, whatever the code above does.

create function refuse_after_freezing() returns trigger language plpgsql as $$
begin
  if tg_table_name = 'cohort' then
    if old.frozen_at is not null then
      raise exception 'a frozen cohort does not change' using errcode = 'restrict_violation';
    end if;
  elsif exists (select from cohort where id = new.cohort_id and frozen_at is not null) then
    raise exception 'a frozen cohort takes no member' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger cohort_frozen_is_final before update on cohort
  for each row execute function refuse_after_freezing();
create trigger cohort_member_before_freezing before insert on cohort_member
  for each row execute function refuse_after_freezing();

create function refuse_after_publishing() returns trigger language plpgsql as $$
begin
  if old.status in ('ready', 'failed') then
    raise exception 'a finished release does not change' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger release_finished_is_final before update on release
  for each row execute function refuse_after_publishing();

-- Down Migration
