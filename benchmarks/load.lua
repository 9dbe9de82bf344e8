-- For wrk: GET what was asked for, or POST a body with another name each time; figures as JSON.
local number, prefix, body = 0, nil, nil

function init(arguments)
  prefix, body = arguments[1], arguments[2]
end

function request()
  if body == nil then
    return wrk.format("GET")
  end
  number = number + 1
  return wrk.format("POST", nil, nil, (body:gsub("NAME", prefix .. number)))
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.3f, "p50_ms": %.3f, "p99_ms": %.3f, "failed": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
