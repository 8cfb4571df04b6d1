-- KEYS 1 value 2 who loads it   ARGV 1 channel 2 message
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1
