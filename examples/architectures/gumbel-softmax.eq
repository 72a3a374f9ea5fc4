# A discrete code by the Gumbel-softmax
# Jang, Gu and Poole (2017), Categorical reparameterization with Gumbel-softmax
X: 5 x m
G: 3 x m input
W: 3 x 5
V: 5 x 3
L = W @ X
Z = softmax((L + G) / 0.7)
R = sigmoid(V @ Z)
Q = softmax(L)
kl = sum(Q * (log_softmax(L) + log(3))) / m
loss = bce(R, X) + kl
