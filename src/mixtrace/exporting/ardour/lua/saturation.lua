-- T / (g (1 + t T)), T = tanh(g x), t = tanh(bias), at a multiple of the rate: each doubling is a
-- half-band filter with a Kaiser window.

local PAIRS = { 40, 8, 6 }
local BETA = 10.06
local stages, channels, gain, tilt, weight

local function bessel (x)
  local total, term, m = 1, 1, 0
  repeat
    m = m + 1
    term = term * (x / (2 * m)) ^ 2
    total = total + term
  until term < 1e-17 * total
  return total
end

-- Taps at 1, 3, .. of a half-band filter; each side sums to one half.
local function taps_of (count)
  local taps, sum = {}, 0
  for j = 1, count do
    local offset = 2 * j - 1
    local sinc = math.sin (math.pi * offset / 2) / (math.pi * offset / 2)
    taps[j] = sinc * bessel (BETA * math.sqrt (1 - (offset / (2 * count)) ^ 2))
    sum = sum + taps[j]
  end
  for j = 1, count do taps[j] = taps[j] / (2 * sum) end
  return taps
end

local function stages_of (rate)
  local wanted = math.ceil (math.log (176000 / rate) / math.log (2))
  local found = {}
  for s = 1, math.min (math.max (wanted, 1), #PAIRS) do found[s] = taps_of (PAIRS[s]) end
  return found
end

-- A line that knows so many samples of the past, written to at its end.
local function line_of (past)
  local samples = {}
  for i = 1, past do samples[i] = 0 end
  return { samples = samples, past = past }
end

local function append (line, signal, n)
  local samples, past = line.samples, line.past
  local kept = #samples - past
  if kept > 0 then table.move (samples, kept + 1, #samples, 1) end
  for i = #samples, past + 1, -1 do samples[i] = nil end
  table.move (signal, 1, n, past + 1, samples)
end

-- Twice the rate; what leaves lags by as many samples of the lower rate as there are taps.
local function doubled (line, taps, signal, n)
  append (line, signal, n)
  local x, count, out = line.samples, #taps, {}
  for i = 1, n do
    local at = i + count
    local between = 0
    for j = 1, count do between = between + taps[j] * (x[at + 1 - j] + x[at + j]) end
    out[2 * i - 1], out[2 * i] = x[at], between
  end
  return out
end

-- Half the rate, lagging likewise.
local function halved (evens, odds, taps, signal, n)
  local even, odd = {}, {}
  for i = 1, n do even[i], odd[i] = signal[2 * i - 1], signal[2 * i] end
  append (evens, even, n)
  append (odds, odd, n)
  local x, y, count, out = evens.samples, odds.samples, #taps, {}
  for i = 1, n do
    local at = i + count
    local between = 0
    for j = 1, count do between = between + taps[j] * (y[at - j] + y[at - 1 + j]) end
    out[i] = 0.5 * (x[at] + between)
  end
  return out
end

local function channel_of (lag)
  local lines = {}
  for s, taps in ipairs (stages) do
    local count = #taps
    lines[s] = { up = line_of (2 * count), evens = line_of (2 * count), odds = line_of (2 * count) }
  end
  return { lines = lines, dry = delay_of (lag) }
end

-- Of the lags of all doublings, up and down, in samples of the audio: 80, 88 or 91 of them.
local function lag_of (found)
  local lag = 0
  for s, taps in ipairs (found) do lag = lag + 2 * #taps / 2 ^ (s - 1) end
  return lag
end

function latency (k)
  return rounded (lag_of (stages_of (k.rate)))
end

function prepare (k)
  gain, weight = math.exp (NEPERS_PER_DB * k.drive_db), k.wet
  local e = math.exp (2 * k.bias)
  tilt = (e - 1) / (e + 1)
  if not channels then
    stages = stages_of (k.rate)
    local lag = rounded (lag_of (stages))
    channels = { channel_of (lag), channel_of (lag) }
  end
end

local function bent (x)
  local e = math.exp (-2 * math.abs (gain * x))
  local t = (1 - e) / (1 + e)
  if x < 0 then t = -t end
  return t / (gain * (1 + tilt * t))
end

local function saturate (channel, signal, n)
  local high, count = signal, n
  for s, taps in ipairs (stages) do
    high, count = doubled (channel.lines[s].up, taps, high, count), 2 * count
  end
  for i = 1, count do high[i] = bent (high[i]) end
  for s = #stages, 1, -1 do
    local lines = channel.lines[s]
    count = count // 2
    high = halved (lines.evens, lines.odds, stages[s], high, count)
  end
  for i = 1, n do
    local dry = channel.dry (signal[i])
    signal[i] = dry + weight * (high[i] - dry)
  end
end

function process (left, right, n)
  saturate (channels[1], left, n)
  saturate (channels[2], right, n)
end
