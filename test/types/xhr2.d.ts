/** XMLHttpRequest for Node, which dicomweb-client asks by. */
declare module 'xhr2' {
  const XMLHttpRequest: unknown
  export default XMLHttpRequest
}
