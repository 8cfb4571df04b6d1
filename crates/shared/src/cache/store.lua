-- KEYS 1 value 2 who loads it   ARGV 1 token 2 ms to keep, 0 for not at all 3 channel 4 message 5 value
-- Whoever was forgotten meanwhile loaded what may be old: it is not kept.
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
if ARGV[2] ~= '0' then redis.call('SET', KEYS[1], ARGV[5], 'PX', ARGV[2]) end
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
