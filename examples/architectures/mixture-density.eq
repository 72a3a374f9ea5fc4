# A mixture density network of three normal components
# Bishop (1994), Mixture density networks
X: 2 x m
Y: 1 x m
W: 6 x 2
W_pi, W_mu, W_s: 3 x 6
H = tanh(W @ X)
A = log_softmax(W_pi @ H)
s = W_s @ H
D = (Y - W_mu @ H) / exp(s)
loss = -mean(logsumexp(A - s - D**2 / 2, axis=0))
