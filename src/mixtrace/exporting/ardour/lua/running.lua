-- What runs each processor: reads its knobs, and hands over two channels and a key, some samples
-- at a time, for Lua has little memory here. The processor itself defines prepare (k) and
-- process (left, right, n, key_left, key_right), which changes both channels in place; where it
-- looks ahead, latency (k) in samples, which is made a multiple of STEP here; where it needs long lines of samples, memory (rate), and
-- then finds them in `shared`, from place 0 on.

local CHUNK = 256
local rate = 48000
local seen = nil
local k = nil
local late, delays = 0, nil

function dsp_ioconfig ()
  return { { audio_in = KEYED and 4 or 2, audio_out = 2 } }
end

local function refresh ()
  local ctrl = CtrlPorts:array ()
  local same = seen ~= nil
  for i = 1, KNOBS do same = same and seen[i] == ctrl[i] end
  if not same then
    seen = {}
    for i = 1, KNOBS do seen[i] = ctrl[i] end
    k = knobs (seen)
    k.rate = rate
    prepare (k)
    local own = latency and latency (k) or 0
    late = math.ceil (own / STEP) * STEP
    delays = late > own and { delay_of (late - own), delay_of (late - own) }
  end
end

function dsp_init (sample_rate)
  rate = sample_rate
end

function dsp_configure (ins, outs)
  if memory then
    self:shmem ():allocate (memory (rate))
    self:shmem ():clear ()
  end
end

function dsp_latency ()
  refresh ()
  return late
end

function dsp_run (ins, outs, n)
  refresh ()
  if memory then shared = self:shmem () end
  for first = 0, n - 1, CHUNK do
    local count = math.min (CHUNK, n - first)
    local sides = {}
    for c = 1, KEYED and 4 or 2 do sides[c] = ins[c]:offset (first):get_table (count) end
    process (sides[1], sides[2], count, sides[3] or sides[1], sides[4] or sides[2])
    for c = 1, delays and 2 or 0 do
      for i = 1, count do sides[c][i] = delays[c] (sides[c][i]) end
    end
    for c = 1, 2 do outs[c]:offset (first):set_table (sides[c], count) end
  end
end
