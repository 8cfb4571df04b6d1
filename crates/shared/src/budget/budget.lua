-- One step of a member of a shared budget: all of it happens at once, by this server's clock. `mod.rs` says why it is right.
--
-- KEYS  1 state (hash)   2 flights: id -> "tokens money" (hash)   3 flights by when they are given up (zset)
--       4 members: id -> record (hash)   5… what ended calls hold of quota 1… : "until:amount" by until (zset)
-- ARGV  1 the request (JSON)   2 the channel on which others are woken
--
-- state   run, shape, epoch, start, cold, trust, old, rv, now, touched, nf, nm, agree, paused, allow, changed, slowed, and of quota i:
--         v<i> live   u<i> n<i> held, and in how many entries   s<i> b<i> settled in this period, and before memory was lost
--         g<i> e<i> when the period began and ends   a<i> when the gap is over
-- record  s in|out|awaited   g connection   q last command   l lease   a share   n group size told   v roster known   jv roster joined with
--         j log merged   w wt wm since when it waits, and for what   u whether it was told when to come
local S, F, L, M, H = KEYS[1], KEYS[2], KEYS[3], KEYS[4], 4
local call = redis.call
local q = cjson.decode(ARGV[1])
local quotas = q.quotas
local PARTS = 720720
local QUIET, TOGETHER, RETRY, PATIENCE = 6000, 1000, 20, 100

local t = call('TIME')
local clock = t[1] * 1000 + math.floor(t[2] / 1000)
local st = {}
do
    local flat = call('HGETALL', S)
    for i = 1, #flat, 2 do st[flat[i]] = tonumber(flat[i + 1]) or flat[i + 1] end
end

-- Memory -----------------------------------------------------------------------------------------------------------------

-- Why what is there is not what was there: nothing, another server, a clock set back, a part of it gone.
local function forgotten()
    if not st.run then return 'none' end
    if st.run ~= '=' .. q.run then return 'moved' end
    if clock + q.lease < st.now then return 'clock' end
    if call('HLEN', F) ~= st.nf or call('ZCARD', L) ~= st.nf or call('HLEN', M) ~= st.nm then return 'part' end
    for i, quota in ipairs(quotas) do
        if quota.kind == 'rolling' and call('ZCARD', KEYS[H + i]) ~= st['n' .. i] then return 'part' end
    end
    return nil
end

local function begin(why)
    local old = st
    call('DEL', unpack(KEYS))
    st = {
        run = '=' .. q.run, shape = '=' .. q.shape, epoch = '=' .. clock .. '.' .. q.me .. '.' .. q.gen,
        start = clock, cold = clock + q.flight + q.longest, trust = (why == 'none' and q.trust) and 1 or 0, old = 0, rv = 1,
        now = clock, touched = 0, nf = 0, nm = 0, agree = 0, paused = 0, allow = 1, changed = 0, slowed = 0,
    }
    for i, quota in ipairs(quotas) do
        for _, field in ipairs({ 'v', 'u', 'n', 's', 'b', 'g', 'e', 'a' }) do st[field .. i] = 0 end
        -- What a day has used is not waited out.
        if quota.kind == 'aligned' and old.shape == st.shape and old['e' .. i] then
            st['b' .. i] = old['b' .. i] + old['s' .. i] + old['v' .. i]
            st['g' .. i], st['e' .. i] = old['g' .. i], old['e' .. i]
        end
    end
end

local function records()
    local all, flat = {}, call('HGETALL', M)
    for i = 1, #flat, 2 do all[flat[i]] = cjson.decode(flat[i + 1]) end
    return all
end

if st.shape and st.shape ~= '=' .. q.shape then
    for id, record in pairs(records()) do
        -- Others count otherwise, and are still at it.
        if id ~= q.me and record.s == 'in' and record.l >= clock then
            return cjson.encode({ no = 'shape', now = clock })
        end
    end
    begin('shape')
else
    local why = forgotten()
    if why then begin(why) end
end
local now = math.max(clock, st.now)
st.now = now

local members = records()
local changed = {}
local function drop(id)
    members[id] = nil
    changed[id] = nil
    st.nm = st.nm - call('HDEL', M, id)
end
local function save(id) changed[id] = true end

local function finish(reply)
    for id in pairs(changed) do st.nm = st.nm + call('HSET', M, id, cjson.encode(members[id])) end
    local flat = {}
    local touch = now - st.touched > q.expire / 10
    if touch then st.touched = now end
    for field, value in pairs(st) do
        flat[#flat + 1] = field
        flat[#flat + 1] = value
    end
    call('HSET', S, unpack(flat))
    if touch then
        for _, key in ipairs(KEYS) do call('PEXPIRE', key, q.expire) end
    end
    reply.now, reply.epoch = now, string.sub(st.epoch, 2)
    return cjson.encode(reply)
end

local me = members[q.me]
if me and q.gen < me.g then return finish({ no = 'stale' }) end
if q.op == 'hello' then
    if me then
        me.g = q.gen
        save(q.me)
    end
    return finish({ known = me ~= nil and me.s == 'in', seq = me and me.q or 0 })
end
if '=' .. q.epoch ~= st.epoch then return finish({ no = 'epoch' }) end
-- What was on its way for too long counts on a lease that its sender does not count on any more.
if now > q.t + q.lease then return finish({ no = 'late' }) end
if q.op ~= 'join' and not (me and me.s == 'in') then return finish({ no = 'join' }) end

-- What calls hold --------------------------------------------------------------------------------------------------------

for i, quota in ipairs(quotas) do
    if quota.kind == 'aligned' and now >= st['e' .. i] then
        if st['e' .. i] ~= 0 then st['s' .. i], st['b' .. i] = 0, 0 end
        if now < quota.ends then
            st['g' .. i], st['e' .. i] = quota.begins, quota.ends
        elseif now < quota.then_ends then
            st['g' .. i], st['e' .. i] = quota.ends, quota.then_ends
        else
            return finish({ no = 'late' })
        end
    end
end

local function amount(quota, cost)
    if quota.counted == 'requests' then return cost.n end
    if quota.counted == 'tokens' then return cost.t end
    return cost.m
end

-- In at most about 8192 entries a window: later is always safe.
local function hold(i, till, much)
    if much <= 0 or till <= now then return end
    local key, grain = KEYS[H + i], math.max(1, math.floor(quotas[i].window / 8192))
    till = math.ceil(till / grain) * grain
    local score = string.format('%.0f', till)
    local sum, there = much, call('ZRANGEBYSCORE', key, score, score)
    for _, entry in ipairs(there) do
        sum = sum + tonumber(string.match(entry, ':(.*)$'))
        st['n' .. i] = st['n' .. i] - call('ZREM', key, entry)
    end
    call('ZADD', key, score, score .. ':' .. string.format('%.0f', sum))
    if st['n' .. i] == 0 then call('PEXPIRE', key, q.expire) end
    st['n' .. i] = st['n' .. i] + 1
    st['u' .. i] = st['u' .. i] + much
end

local function take(cost)
    for i, quota in ipairs(quotas) do
        st['v' .. i] = st['v' .. i] + ((quota.kind == 'rolling' or quota.kind == 'aligned') and amount(quota, cost) or 1)
    end
end

local function release(cost)
    for i, quota in ipairs(quotas) do
        st['v' .. i] = st['v' .. i] - ((quota.kind == 'rolling' or quota.kind == 'aligned') and amount(quota, cost) or 1)
    end
end

-- `spent` is nil for what was never sent.
local function hold_after(ended, spent)
    if not spent then return end
    for i, quota in ipairs(quotas) do
        if quota.kind == 'rolling' then
            hold(i, ended + quota.window + 2, amount(quota, spent))
        elseif quota.kind == 'aligned' then
            if ended >= st['g' .. i] then st['s' .. i] = st['s' .. i] + amount(quota, spent) end
        elseif quota.kind == 'spacing' then
            st['a' .. i] = math.max(st['a' .. i], ended + quota.window + 2)
        end
    end
end

local function flight(id)
    local packed = call('HGET', F, id)
    if not packed then return nil end
    local tokens, money = string.match(packed, '^(%S+) (%S+)$')
    return { n = 1, t = tonumber(tokens), m = tonumber(money) }
end

local function depart(id, cost, lost_at)
    call('HSET', F, id, string.format('%.0f %.0f', cost.t, cost.m))
    call('ZADD', L, lost_at, id)
    if st.nf == 0 then
        call('PEXPIRE', F, q.expire)
        call('PEXPIRE', L, q.expire)
    end
    st.nf = st.nf + 1
    take(cost)
end

local function arrive(id)
    call('HDEL', F, id)
    call('ZREM', L, id)
    st.nf = st.nf - 1
end

for i, quota in ipairs(quotas) do
    if quota.kind == 'rolling' then
        local key = KEYS[H + i]
        local over = call('ZRANGEBYSCORE', key, '-inf', now)
        for _, entry in ipairs(over) do st['u' .. i] = st['u' .. i] - tonumber(string.match(entry, ':(.*)$')) end
        if #over > 0 then st['n' .. i] = st['n' .. i] - call('ZREMRANGEBYSCORE', key, '-inf', now) end
        if st['n' .. i] == 0 then st['u' .. i] = 0 end
    end
end
local lost = call('ZRANGEBYSCORE', L, '-inf', now, 'WITHSCORES')
for i = 1, #lost, 2 do
    local cost = flight(lost[i])
    if cost then
        release(cost)
        hold_after(tonumber(lost[i + 1]), cost)
        arrive(lost[i])
    end
end

if st.changed > 0 then
    local steps = math.floor((now - st.changed) / QUIET)
    if steps > 0 then
        st.allow = math.min(1, st.allow + 0.1 * steps)
        st.changed = st.allow < 1 and now or 0
    end
end

-- Members ----------------------------------------------------------------------------------------------------------------

local function connected(record) return record.s == 'in' and record.l >= now end

local woke = false
if q.op == 'join' then
    local log = q.log
    if not me then
        st.rv = st.rv + 1
        me = { jv = st.rv, q = 0 }
        members[q.me] = me
    end
    if me.s == 'awaited' then
        me.jv = st.rv
        woke = true
    end
    me.s, me.g = 'in', q.gen
    if log and log.roster and me.j ~= q.joining then
        st.old = st.old + 1
        woke = true
        for _, id in ipairs(log.roster) do
            -- Whoever it heard of may have called within what is not waited out yet.
            if not members[id] and now < st.cold then
                st.rv = st.rv + 1
                members[id] = { s = 'awaited', g = 0, q = 0, l = st.start, a = 0, n = 0, v = 0, jv = st.rv, w = 0 }
                save(id)
            end
        end
    end
    if log and me.j ~= q.joining then
        for i, quota in ipairs(quotas) do
            local of = log.quotas[i]
            if quota.kind == 'rolling' then
                for _, entry in ipairs(of.held) do hold(i, now + entry[1] + 1, entry[2]) end
            elseif quota.kind == 'spacing' then
                for _, entry in ipairs(of.held) do st['a' .. i] = math.max(st['a' .. i], now + entry[1] + 1) end
            elseif quota.kind == 'aligned' then
                if of.told_ends == st['e' .. i] then st['b' .. i] = math.max(st['b' .. i], of.told) end
                if of.ends == st['e' .. i] then st['s' .. i] = st['s' .. i] + of.used end
            end
        end
        for _, flown in ipairs(log.flights) do
            if call('HEXISTS', F, flown.id) == 0 then
                depart(flown.id, { n = 1, t = flown.t, m = flown.m }, now + (flown.left or q.flight))
            end
        end
        st.paused = math.max(st.paused, now + log.paused)
        if log.allow < st.allow then st.allow, st.changed = log.allow, now end
    end
    me.j = q.joining
end
me.q, me.l, me.n, me.v, me.a = q.seq, now + q.lease, q.n, q.rv, q.share
me.w = me.w or 0
save(q.me)
if q.op == 'leave' then me.s, me.a, me.w, me.l, woke = 'out', 0, 0, now, true end

local kept = q.flight + q.longest
local present, awaited, given, agreed = 0, 0, 0, true
for id, record in pairs(members) do
    if record.s == 'awaited' then
        if now > record.l + q.absence then drop(id) else awaited = awaited + 1 end
    elseif connected(record) then
        present = present + 1
    else
        if record.a > 0 and now > record.l + q.absence then
            record.a = 0
            save(id)
        end
        if record.a == 0 and now > record.l + kept then drop(id) end
    end
end
for _, record in pairs(members) do
    if connected(record) then agreed = agreed and record.n > 0 and record.n <= present end
end
-- The group says that there is nobody else: who is away is gone.
if not agreed then
    st.agree = 0
elseif st.agree == 0 then
    st.agree = now
elseif now - st.agree > q.silence then
    for id, record in pairs(members) do
        if record.s == 'awaited' then
            if now - st.agree > kept then
                drop(id)
                awaited = awaited - 1
            end
        elseif not connected(record) and record.a > 0 and (now < record.l + kept or now - st.agree > kept) then
            -- Either it can't have used its share yet, or what it used is over.
            record.a = 0
            save(id)
        end
    end
end

local opens = st.cold
if st.old > 0 and awaited == 0 then
    opens = now
elseif st.old == 0 and st.trust == 1 then
    opens = math.min(st.cold, st.start + q.grace)
end

-- Shares: never more than all of it, whoever knows of which. Those who are away use theirs.
local others, there = 0, awaited
for id, record in pairs(members) do
    if record.s == 'in' and (connected(record) or record.a > 0) then there = there + 1 end
    if id ~= q.me then others = others + record.a end
end
local share = math.min(math.floor(PARTS / math.max(1, q.n, there)), PARTS - others)
if opens > now or awaited > 0 or q.n == 0 then share = math.min(share, q.share) end
if q.op == 'leave' then share = 0 else me.a = math.max(q.share, share) end

local function reserved(limit)
    local sum, known = 0, 0
    for _, record in pairs(members) do
        known = known + record.a
        if record.a > 0 and not connected(record) then sum = sum + math.floor(limit * record.a / PARTS) end
    end
    if awaited > 0 then sum = sum + math.floor(limit * (PARTS - known) / PARTS) end
    return sum
end
for i, quota in ipairs(quotas) do
    if quota.kind == 'spacing' then
        quota.room = reserved(1) == 0
    else
        quota.room = quota.limit - reserved(quota.limit)
    end
end

-- What has ended, and what was said --------------------------------------------------------------------------------------

local ended, freed_now = false, false
for _, over in ipairs(q.ended or {}) do
    local cost, spent = flight(over.id), nil
    if over.how == 'spent' then spent = { n = 1, t = over.t, m = over.m } end
    if over.how == 'uncounted' then spent = { n = 0, t = 0, m = 0 } end
    if cost then
        release(cost)
        arrive(over.id)
        ended = true
        if not spent or spent.n == 0 or spent.t < cost.t or spent.m < cost.m then freed_now = true end
        hold_after(now - over.ago, spent)
    elseif spent then
        -- It was given up, and its answer came even so.
        for i, quota in ipairs(quotas) do
            if quota.kind == 'rolling' then hold(i, now - over.ago + quota.window + 2, amount(quota, spent)) end
            if quota.kind == 'spacing' then st['a' .. i] = math.max(st['a' .. i], now - over.ago + quota.window + 2) end
        end
    end
end
for _, id in ipairs(q.keep or {}) do call('ZADD', L, 'XX', now + q.flight, id) end
st.paused = math.max(st.paused, now + (q.pause or 0))
if q.slowed then
    st.changed = now
    if st.slowed == 0 or now - st.slowed >= TOGETHER then
        st.allow, st.slowed = math.max(st.allow * q.slowed, 0.01), now
    end
end
for _, i in ipairs(q.exhausted or {}) do
    if quotas[i] and quotas[i].kind == 'aligned' then st['s' .. i] = math.max(st['s' .. i], quotas[i].limit) end
end

-- Who may go -------------------------------------------------------------------------------------------------------------

-- When so much of what ended calls hold is free.
local function freed(i, excess)
    local from = 0
    while true do
        local entries = call('ZRANGE', KEYS[H + i], from, from + 63)
        if #entries == 0 then return -1 end
        for _, entry in ipairs(entries) do
            local till, much = string.match(entry, '^(.*):(.*)$')
            excess = excess - tonumber(much)
            if excess <= 0 then return tonumber(till) end
        end
        from = from + 64
    end
end

-- 0 now, -1 after the end of a call, else when; and the quota that never has room.
local function when(cost)
    local soonest = 0
    local function after(moment)
        if soonest ~= -1 then soonest = moment == -1 and -1 or math.max(soonest, moment) end
    end
    for i, quota in ipairs(quotas) do
        local live, held = st['v' .. i], st['u' .. i]
        if quota.kind == 'rolling' then
            local much, room = amount(quota, cost), quota.room
            if much > quota.limit then return -1, i end
            if quota.counted == 'requests' and st.allow < 1 then
                room = math.min(room, math.max(1, math.floor(quota.limit * st.allow)))
            end
            local excess = live + held + much - room
            if excess > held then
                after(-1)
            elseif excess > 0 then
                after(freed(i, excess))
            end
        elseif quota.kind == 'aligned' then
            local much, used = amount(quota, cost), st['s' .. i] + st['b' .. i]
            if much > quota.limit then return -1, i end
            if live + used + much > quota.room then
                if st['e' .. i] > 1e17 and used + much > quota.limit then return -1, i end
                after((live + much <= quota.room and st['e' .. i] < 1e17) and st['e' .. i] + 1 or -1)
            end
        elseif quota.kind == 'spacing' then
            if live > 0 or not quota.room then
                after(-1)
            elseif st['a' .. i] > now then
                after(st['a' .. i])
            end
        elseif live + cost.n > quota.room then
            after(-1)
        end
    end
    return soonest, nil
end

-- What those want who have waited longer than since `mine`.
local function claimed(mine)
    local sum = { n = 0, t = 0, m = 0 }
    for id, record in pairs(members) do
        local before = record.w < mine or (record.w == mine and id < q.me)
        if id ~= q.me and record.w > 0 and before and connected(record) then
            sum.n, sum.t, sum.m = sum.n + 1, sum.t + record.wt, sum.m + record.wm
        end
    end
    return sum
end

opens = math.max(opens, st.paused)
for id, record in pairs(members) do
    -- Nobody calls of whom somebody here would not know to tell a memory that has forgotten.
    if id ~= q.me and connected(record) and record.v < me.jv then opens = math.max(opens, now + RETRY) end
end
local granted, never, next_at = {}, {}, nil
local waits = false
for _, ask in ipairs(q.asks or {}) do
    local cost = { n = 1, t = ask.t, m = ask.m }
    local moment, quota = when(cost)
    if quota then
        never[#never + 1] = { ask.id, quota }
    else
        if moment == 0 and opens <= now then
            local claims = claimed(#granted > 0 and now or (me.w > 0 and me.w or now))
            if claims.n > 0 then
                local all, none = when({ n = 1 + claims.n, t = cost.t + claims.t, m = cost.m + claims.m })
                -- By then there is room for both; or whoever is before has had its turn, or has not come.
                if none or all == -1 then
                    moment = now + PATIENCE
                elseif all ~= 0 then
                    moment = math.min(all, now + PATIENCE)
                end
            end
        end
        if moment == 0 and opens <= now then
            depart(ask.id, cost, now + q.flight)
            granted[#granted + 1] = ask.id
        else
            if moment == -1 then
                local first = call('ZRANGE', L, 0, 0, 'WITHSCORES')
                moment = first[2] and tonumber(first[2]) or -1
                me.u = 1
            else
                me.u = 0
                moment = math.max(moment, opens)
            end
            if st.changed > 0 then moment = moment == -1 and st.changed + QUIET or math.min(moment, st.changed + QUIET) end
            next_at = moment
            waits = true
            me.w = (#granted > 0 or me.w == 0) and now or me.w
            me.wt, me.wm = cost.t, cost.m
            break
        end
    end
end
if not waits then me.w = 0 end

-- An end is news to who was not told when to come, and to all who wait where it makes room before that.
for _, quota in ipairs(quotas) do
    if ended and (quota.kind == 'spacing' or quota.kind == 'concurrency') then freed_now = true end
end
if ended or woke then
    for id, record in pairs(members) do
        local news = record.w > 0 and (freed_now or record.u == 1)
        if id ~= q.me and connected(record) and (woke or news) then
            call('PUBLISH', ARGV[2], '')
            break
        end
    end
end

local reply = {
    share = share, rv = st.rv, live = st.nf, allow = string.format('%.6f', st.allow), paused = math.max(0, st.paused - now),
    cold = math.max(0, opens - now), waits = waits,
}
if next_at and next_at >= 0 then reply.next = math.max(0, next_at - now) end
if #granted > 0 then reply.granted = granted end
if #never > 0 then reply.never = never end
if q.rv ~= st.rv then
    reply.roster = {}
    for id in pairs(members) do reply.roster[#reply.roster + 1] = id end
end
local told = {}
for i, quota in ipairs(quotas) do
    if quota.kind == 'aligned' then
        told[#told + 1] = { i, st['b' .. i] + st['s' .. i] + st['v' .. i], st['e' .. i] }
    end
end
if #told > 0 then reply.told = told end
return finish(reply)
