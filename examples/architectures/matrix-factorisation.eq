# Matrix factorisation with biases, where a rating is known
# Koren, Bell and Volinsky (2009), Matrix factorization techniques for recommender systems
R, known: 5 x 6 constant
mu: 1 x 1
b: 5 x 1
c: 1 x 6
P: 5 x 2
Q: 6 x 2
E = where(known, R - mu - b - c - P @ Q.T, 0)
loss = sum(E**2) + 0.02 * (sum(P**2) + sum(Q**2) + sum(b**2) + sum(c**2))
