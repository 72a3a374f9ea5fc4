# Weights with a mean and a spread, one draw of them, a normal prior
# Blundell, Cornebise, Kavukcuoglu and Wierstra (2015), Weight uncertainty in neural networks
X: 3 x m
Y: 2 x m
M, R: 5 x 3
N, S: 2 x 5
epsilon_W: 5 x 3 constant
epsilon_V: 2 x 5 constant
sigma_W = softplus(R)
sigma_V = softplus(S)
W = M + sigma_W * epsilon_W
V = N + sigma_V * epsilon_V
E = V @ tanh(W @ X) - Y
posterior = -sum(epsilon_W**2) / 2 - sum(log(sigma_W)) - sum(epsilon_V**2) / 2 - sum(log(sigma_V))
prior = -sum(W**2) / 2 - sum(V**2) / 2
loss = posterior - prior + sum(E**2) / 2
