# The policy of a soft actor-critic: a squashed normal, its entropy, and a frozen critic
# Haarnoja, Zhou, Abbeel and Levine (2018), Soft actor-critic
X: 3 x m
epsilon: 2 x m input
W, V: 2 x 3
Q_x: 4 x 3 frozen
Q_a: 4 x 2 frozen
q: 1 x 4 frozen
s = clip(V @ X, -5, 2)
u = W @ X + exp(s) * epsilon
a = tanh(u)
L = sum(-epsilon**2 / 2 - s - log(1 - a**2 + 0.000001), axis=0)
loss = mean(0.2 * L - q @ relu(Q_x @ X + Q_a @ a))
