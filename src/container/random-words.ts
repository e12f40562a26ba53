/** Words that names of containers are made of: the sea, and people who worked with it. */
export const adjectives: readonly string[] = (
  'able amber astute azure bold brave breezy brisk buoyant calm careful clear clever cool coral daring deep eager early ' +
  'easy fair fast fearless fine fond fresh gentle glad golden grand happy hardy hearty honest jolly keen kind lively ' +
  'loyal lucid lucky mellow merry mighty modest nimble noble open patient placid plucky polite proud quick quiet ready ' +
  'rested robust salty serene sharp silent silver simple sober solid sound spry stable steady still stoic strong sturdy ' +
  'sunny sure swift tender tidy tranquil true trusty upbeat useful valiant vivid warm wise witty youthful zealous'
).split(' ')

export const surnames: readonly string[] = (
  'amundsen anning baltimore barents beaufort bering bligh bowditch bruce brunel cabot carson chappe cook cousteau darwin ' +
  'davis diaz drake dumont earle ekman erikson fitzroy flinders forbes franklin frobisher gama halley harrison hawkins ' +
  'heyerdahl hopper hudson humboldt johnson kelvin lovelace mackenzie magellan marconi marshall maury mercator morse ' +
  'murray nansen napier newcomen noether parry peary piccard polo ross sabine scoresby scott shackleton slocum smeaton ' +
  'stevenson tasman tharp thomson torres turing vancouver vespucci wallis weddell wegener wilkes wright zheng'
).split(' ')
